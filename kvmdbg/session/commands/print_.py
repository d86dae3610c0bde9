"""print: the value of an expression."""

from __future__ import annotations

from kvmdbg.errors import UserError
from kvmdbg.session import expr
from kvmdbg.session.formats import formatted, kept
from kvmdbg.session.operands import Expression, Format
from kvmdbg.session.parse import command
from kvmdbg.session.results import Value
from kvmdbg.session.session import Session


@command("print", group="data", aliases=("p", "inspect", "output"),
         examples=("print vcpu0.requests", "print/x vmcs02.EPT_POINTER", 'print tlb[vpid==2 and kind=="combined"].count',
                   'print count("flush:invvpid")', "print $1 + 1"))
def print_(s: Session, format: Format = None, what: Expression = "$") -> Value:
    """Print the value of an expression; it becomes `$1`, `$2`, ... and `$`.

    /x hexadecimal, /d signed, /u unsigned, /o octal, /t binary, /c character, /a address.
    """
    value = expr.evaluate(what, s.scope())
    if value is None and what == "$":
        raise UserError("The history is empty.")
    s.history.append(kept(value))
    index = len(s.history)
    return Value(f"${index} = {formatted(value, format[1] if format else '')}", kept(value), index)
