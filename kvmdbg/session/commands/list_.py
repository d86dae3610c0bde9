"""list: the model's own source."""

from __future__ import annotations

from typing import Annotated

from kvmdbg.errors import UserError
from kvmdbg.machine.kvm.run import ACTS
from kvmdbg.session.functions import excerpt, length, named
from kvmdbg.session.operands import FunctionOperand
from kvmdbg.session.parse import command
from kvmdbg.session.results import Listing
from kvmdbg.session.session import Session

Where = Annotated[str, FunctionOperand()]


@command("list", group="data", aliases=("l",), repeatable=True, recorded=False,
         examples=("list", "list vmx_flush_tlb_current", "list -"))
def list_(s: Session, function: Where = "") -> Listing:
    """Show the model's source: around the selected frame's line, or a function; then what follows, `list -` what precedes.

    `=>` is the line that is about to run, `B` a function with a breakpoint.
    """
    size = max(int(s.settings["listsize"]), 0) or 100_000
    file, name, first = _start(s, function, size)
    if first > length(file):
        raise UserError(f"Line number {first} out of range; the file has {length(file)} lines.")
    s.list_from = (file, name, first)
    s.repeat_line = "list"
    return excerpt(file, name, first, size, marks(s, file))


def _start(s: Session, function: str, size: int) -> tuple[str, str, int]:
    """File, function and first line to show."""
    if function in ("", "-", "+") and s.list_from is not None:
        file, name, first = s.list_from
        if function == "-" and first == 1:
            raise UserError(f"Already at the start of {name}'s file.")
        return file, name, max(1, first - size if function == "-" else first + size)
    if function not in ("", "-", "+"):
        code = named(function.removesuffix("()"))[0]
        return code.co_filename, code.co_name, code.co_firstlineno
    file, name, line = here(s)
    return file, name, max(1, line - size // 2)


def here(s: Session) -> tuple[str, str, int]:
    """File, function and line of the selected frame; at the end of the tape, the action that comes next.

    raises: UserError where there is none.
    """
    frames = s.tape.stack(s.tape.cursor)
    if frames:
        frame = frames[min(s.frame, len(frames) - 1)]
        return frame.file, frame.function, frame.line
    todo = s.kvm.vcpus[s.current_vcpu].todo
    act = ACTS.get(todo[0]) if todo else None
    if act is None or s.tape.cursor < s.tape.end:
        raise UserError("No source here: a word of the debugger wrote this, or nobody listens.", "list FUNCTION shows a function.")
    code = named(act.__name__)[0]
    return code.co_filename, code.co_name, code.co_firstlineno


def marks(s: Session, file: str) -> dict[int, str]:
    """What stands beside lines of a file: `=>`, `>` for the selected outer frame, `B` for functions with a breakpoint."""
    found = {code.co_firstlineno: "B" for code in s.breakpoints.by_code if code.co_filename == file}
    frames = s.tape.stack(s.tape.cursor)
    if frames and s.frame < len(frames) and frames[s.frame].file == file:
        found[frames[s.frame].line] = ">" if s.frame else "=>"
    return found
