"""list: the model's own source."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any

from kvmdbg.errors import UserError
from kvmdbg.machine.eras import versions
from kvmdbg.machine.eras.answers import answer, questions, value_text
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.run import ACTS
from kvmdbg.session.asking import asked
from kvmdbg.session.functions import excerpt, length, named, whole
from kvmdbg.session.kernels import decided
from kvmdbg.session.operands import FunctionOperand, KernelOperand
from kvmdbg.session.parse import MISSING, Candidate, command, matching
from kvmdbg.session.results import Listing
from kvmdbg.session.session import Session


class WhereOperand(FunctionOperand):
    """A function, or nothing before `-k`."""

    def take(self, session: Any, text: str) -> tuple[Any, str]:
        return (MISSING, text) if re.match(r"-k\b", text) else super().take(session, text)


class OnKernelOperand(KernelOperand):
    """`-k KERNEL`."""

    name, describe = "-k KERNEL", "the kernel whose answers are shown beside the questions that the function asks"

    def parse(self, session: Any, word: str) -> Era:
        option, _, name = word.partition(" ")
        if option != "-k" or not name.strip():
            raise UserError(f"list: {word!r} is no `-k KERNEL`", "Write: list FUNCTION -k v4.3.")
        return versions.kernel(name)

    def complete(self, session: Any, text: str) -> Iterable[Candidate]:
        option, blank, name = text.partition(" ")
        if not blank:
            return matching(("-k",), option)
        return [one._replace(start=one.start + 3) for one in super().complete(session, name)]


Where = Annotated[str, WhereOperand()]
OnKernel = Annotated[Era | None, OnKernelOperand()]


@command("list", group="data", aliases=("l",), repeatable=True, recorded=False,
         examples=("list", "list vmx_flush_tlb_current", "list -", "list nested_vmx_transition_tlb_flush -k v4.3"))
def list_(s: Session, function: Where = "", kernel: OnKernel = None) -> Listing:
    """Show the model's source: around the selected frame's line, or a function; then what follows, `list -` what precedes.

    `=>` is the line that is about to run, `B` a function with a breakpoint.  With `-k KERNEL` the whole function, and below each
    line that asks its kernel something that kernel's answer and the commit that decides it; of a question, the answer's own lines.
    """
    if kernel is not None:
        return with_answers(s, function, kernel)
    size = max(int(s.settings["listsize"]), 0) or 100_000
    file, name, first = _start(s, function, size)
    if first > length(file):
        raise UserError(f"Line number {first} out of range; the file has {length(file)} lines.")
    s.list_from = (file, name, first)
    s.repeat_line = "list"
    return excerpt(file, name, first, size, marks(s, file))


def with_answers(s: Session, function: str, era: Era) -> Listing:
    """A function in full, with what a kernel answers where it asks."""
    name = function.removesuffix("()") or here(s)[1]
    code = answer(era, name).methods[0].__code__ if name in questions() else named(name)[0]
    first, count = whole(code)
    notes: dict[int, list[str]] = {}
    for one in asked():
        if one.file == code.co_filename and first <= one.line < first + count:
            text = f"{era.name}: {one.question}: {value_text(era, one.question)}; {decided(answer(era, one.question))}"
            notes.setdefault(one.line, [])
            notes[one.line] += [text] if text not in notes[one.line] else []
    said = {line: "\n".join(texts) for line, texts in notes.items()}
    if not said:
        alone = "asks its kernel nothing: the same on every kernel"
        said[first] = f"{era.name}: {decided(answer(era, name))}" if name in questions() else alone
    return excerpt(code.co_filename, code.co_name, first, count, marks(s, code.co_filename), said)


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
