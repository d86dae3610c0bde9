"""The expression language: Python's own syntax, cut down to a whitelist, over the views of the state.

`vcpu0.requests & TLB_FLUSH`, `vmcs02.EPT_POINTER == vmcs01.EPT_POINTER`, `tlb[vpid == 3 and kind == "combined"].count`,
`count("flush:invvpid") == 2`, `$1 + 1`.  `&&`, `||` and `!` are understood as in gdb.  Nothing can be called but the
functions named here, no attribute that starts with `_` exists, and an evaluation changes nothing.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from kvmdbg.errors import UserError
from kvmdbg.session.expr_functions import CALLS, plain_number
from kvmdbg.session.parse import did_you_mean
from kvmdbg.session.scope import DOLLAR, Scope
from kvmdbg.session.views import TLB_NAMES, Cached, TlbRows, View, show

_STRING: Final = re.compile(r"(\"[^\"]*\"|'[^']*')")
_DOLLAR: Final = re.compile(r"\$(\$\d*|\d+|[A-Za-z_]\w*)?")
MOST_DIGITS: Final = 4096        # bits of an intermediate value: an expression must not be able to eat the memory

_BINARY: Final[dict[type, Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.FloorDiv: operator.floordiv,
    ast.Div: operator.floordiv, ast.Mod: operator.mod, ast.BitAnd: operator.and_, ast.BitOr: operator.or_,
    ast.BitXor: operator.xor, ast.LShift: operator.lshift, ast.RShift: operator.rshift}
_UNARY: Final[dict[type, Callable[[Any], Any]]] = {
    ast.Not: operator.not_, ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Invert: operator.invert}
_COMPARE: Final[dict[type, Callable[[Any, Any], Any]]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.In: lambda a, b: a in b, ast.NotIn: lambda a, b: a not in b,
    ast.Is: operator.eq, ast.IsNot: operator.ne}


def evaluate(text: str, scope: Scope) -> Any:
    """The value of an expression.  raises: UserError for what is not understood, unknown, or cannot be computed."""
    return _Evaluator(scope).value(parse(text))


@lru_cache(maxsize=512)
def parse(text: str) -> ast.expr:
    """The syntax tree.  raises: UserError for text that is no expression."""
    if not text.strip():
        raise UserError("an expression is missing")
    try:
        return ast.parse(_as_python(text.strip()), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as wrong:
        detail = wrong.msg if isinstance(wrong, SyntaxError) else str(wrong)
        raise UserError(f"{text.strip()!r} is no expression: {detail}") from None


def _as_python(text: str) -> str:
    """`&&`, `||`, `!` and `$` in Python's words, outside string literals."""
    pieces = _STRING.split(text)
    for at in range(0, len(pieces), 2):
        piece = pieces[at].replace("&&", " and ").replace("||", " or ")
        piece = re.sub(r"!(?!=)", " not ", piece)
        pieces[at] = _DOLLAR.sub(lambda match: f"{DOLLAR}{(match.group(1) or '').replace('$', '0_')}", piece)
    return "".join(pieces).strip()


def require_names(text: str, scope: Scope, more: Iterable[str]) -> None:
    """raises: UserError when a name of the expression can never be found; more: names that will be there later."""
    known = {*known_names(scope), *more}
    for node in ast.walk(parse(text)):
        if isinstance(node, ast.Name) and not node.id.startswith(DOLLAR) and node.id not in known | {*TLB_NAMES}:
            raise UserError(f'No symbol "{node.id}" in current context.', did_you_mean(node.id, known))


def explain(text: str, scope: Scope) -> str:
    """Why a condition is false: the values of the comparison that failed, `vcpu0.vpid02 is 3`."""
    tree = parse(text)
    evaluator = _Evaluator(scope)
    while isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        tree = next(part for part in tree.values if not evaluator.value(part))
    shown = [part for part in (tree.left, *tree.comparators) if not isinstance(part, ast.Constant)] \
        if isinstance(tree, ast.Compare) else [tree]
    return ", ".join(f"{_as_typed(part)} is {scope_text(evaluator.value(part))}" for part in shown) or "it is false"


def _as_typed(tree: ast.expr) -> str:
    return ast.unparse(tree).replace("'", '"').replace(f"{DOLLAR}0_", "$$").replace(DOLLAR, "$")


def scope_text(value: Any) -> str:
    """A value in one line."""
    return show(value).partition("\n")[0]


def known_names(scope: Scope) -> tuple[str, ...]:
    """Every name that can begin an expression, for completion."""
    return (*scope.known(), *CALLS)


class _Evaluator:
    """Walks a syntax tree; whatever it has no method for is refused."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def value(self, tree: ast.expr) -> Any:
        method = getattr(self, f"on_{type(tree).__name__}", None)
        if method is None:
            raise UserError(f"an expression cannot contain {_as_typed(tree)!r}", 'See "help expressions".')
        try:
            return method(tree)
        except (TypeError, ValueError, ZeroDivisionError, IndexError, OverflowError, KeyError) as wrong:
            raise UserError(f"{_as_typed(tree)!r} cannot be computed: {wrong}") from None

    def on_Constant(self, tree: ast.Constant) -> Any:
        if tree.value is not None and not isinstance(tree.value, (bool, int, str)):
            raise UserError(f"an expression knows whole numbers and texts only, not {ast.unparse(tree)}")
        return tree.value

    def on_Tuple(self, tree: ast.Tuple) -> tuple[Any, ...]:
        return tuple(map(self.value, tree.elts))

    on_List = on_Tuple

    def on_BoolOp(self, tree: ast.BoolOp) -> Any:
        result: Any = None
        for part in tree.values:
            result = self.value(part)
            if bool(result) != isinstance(tree.op, ast.And):
                return result
        return result

    def on_IfExp(self, tree: ast.IfExp) -> Any:
        return self.value(tree.body if self.value(tree.test) else tree.orelse)

    def on_UnaryOp(self, tree: ast.UnaryOp) -> Any:
        return _UNARY[type(tree.op)](plain_number(self.value(tree.operand)))

    def on_BinOp(self, tree: ast.BinOp) -> Any:
        function = _BINARY.get(type(tree.op))
        if function is None:
            raise UserError(f"an expression cannot compute {_as_typed(tree)!r}")
        left, right = plain_number(self.value(tree.left)), plain_number(self.value(tree.right))
        if isinstance(tree.op, (ast.LShift, ast.Mult)) and not (_small(left) and _small(right)):
            raise UserError(f"{_as_typed(tree)!r} is too big")
        if isinstance(tree.op, ast.LShift) and not 0 <= right < MOST_DIGITS:
            raise UserError(f"{_as_typed(tree)!r} shifts too far")
        return function(left, right)

    def on_Compare(self, tree: ast.Compare) -> bool:
        left = self.value(tree.left)
        for sign, comparator in zip(tree.ops, tree.comparators, strict=True):
            right = self.value(comparator)
            if not _COMPARE[type(sign)](left, right):
                return False
            left = right
        return True

    def on_Attribute(self, tree: ast.Attribute) -> Any:
        owner = self.value(tree.value)
        name = tree.attr
        if isinstance(owner, View):
            if name.startswith("_"):
                raise owner.unknown(name)
            return owner.part(name)
        if isinstance(owner, tuple) and hasattr(owner, "_fields"):
            if name in owner._fields:
                return getattr(owner, name)
            raise UserError(f"{_as_typed(tree.value)} has no {name!r}", did_you_mean(name, owner._fields))
        raise UserError(f"{_as_typed(tree.value)} is {scope_text(owner)} and has no parts")

    def on_Subscript(self, tree: ast.Subscript) -> Any:
        owner = self.value(tree.value)
        if isinstance(owner, TlbRows):
            return TlbRows(tuple(row for row in owner.rows if self._chosen(row, tree.slice)))
        if isinstance(owner, (tuple, str)):
            return owner[operator.index(self.value(tree.slice))]
        raise UserError(f"{_as_typed(tree.value)} is no list")

    def _chosen(self, row: Cached, condition: ast.expr) -> bool:
        inner = replace(self.scope, local=self.scope.local | row.names())
        return bool(_Evaluator(inner).value(condition))

    def on_Call(self, tree: ast.Call) -> Any:
        calls = CALLS | {name: lambda scope, *arguments, f=f: f(*arguments) for name, f in self.scope.calls.items()}
        name = tree.func.id if isinstance(tree.func, ast.Name) else ""
        if name not in calls or tree.keywords:
            raise UserError(f"{_as_typed(tree.func)!r} cannot be called",
                            did_you_mean(name, calls) or f"Functions: {', '.join(sorted(calls))}.")
        return calls[name](self.scope, *map(self.value, tree.args))

    def on_Name(self, tree: ast.Name) -> Any:
        return self.scope.lookup(tree.id)


def _small(value: Any) -> bool:
    return isinstance(value, int) and value.bit_length() <= MOST_DIGITS
