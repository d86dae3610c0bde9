"""The same session once more, on a machine of its own: on another kernel, or with single effects left out.

Theory of operation.  A session is first repeated word by word on a copy; that gives the same tape, and tells which line
made which edit and where each assertion was said.  The copy's marks then are a plan: edits, and between them actions.
A re-run follows the plan: it makes the edits again and runs the guest in between until it stands where it stood in the
copy (the same next action, as much of its program left).  Breakpoints and motions have no part in it, so a flush that
is missing cannot make a re-run stop elsewhere.  The session that asked is never touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from kvmdbg.errors import ExpectationFailed, KvmdbgError, UserError
from kvmdbg.explore.schedule import next_action
from kvmdbg.machine.hw.state import Insn
from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.session.commands.inject import load
from kvmdbg.session.parse import head, resolve
from kvmdbg.session.session import Session
from kvmdbg.session.timeline import ActionMark
from kvmdbg.tape import Entry

KEPT: Final = frozenset({"expect", "set", "print", "bookmark", "vcpu", "define"})     # words that a re-run says again
LOST: Final = 500                # actions after which a guest that has not come to where it stood never will


class Said(NamedTuple):
    """A word that changes nothing of the machine, with the position where it was said."""

    position: int
    before: Entry | None         # the entry in front of that position: while it is in its place, so is all before it
    line: str


class Edit(NamedTuple):
    """Make a change of the machine again."""

    vcpu: int
    line: str                    # the word that made it
    insns: tuple[Insn, ...]      # of `inject` and `program`; () for others
    front: bool


class Run(NamedTuple):
    """Let the machine run."""

    actions: tuple[tuple[int, str], ...]     # (vCPU, action), as the copy did
    todo: tuple[str, ...]                    # where the last of these vCPUs stood then: what it does next,
    program: int                             # and how many instructions it had left


class Say(NamedTuple):
    """Say a word.  position: where; inside: it was said in the middle of an action."""

    line: str
    position: int
    inside: bool


Step = Edit | Run | Say


@dataclass(slots=True, frozen=True)
class Plan:
    """A session that can be run again.  copy: stands at the end of its tape."""

    copy: Session
    steps: tuple[Step, ...]
    kept: int = 0            # marks of a past that was loaded, which still are in their place: they are not run again


@dataclass(slots=True)
class Rerun:
    """What became of a re-run.  session: stands at the end of its tape."""

    session: Session
    failures: list[str] = field(default_factory=list)    # expectations that held and do not hold here
    ended: str = ""                                      # why it ended before its end


# -- the plan ------------------------------------------------------------------------------------------------------


def fresh(s: Session, kernel: str) -> Session:
    """A second session with a machine like that of `s`, at #0."""
    made = Session(kernel, s.kvm.config, s.caps, s.listening, kernel_wins=True, read_file=s.read_file, write_file=s.write_file)
    for name, value in s.settings.items():
        made.choose(name, value)
    made.choose("narrate", "off")
    if s.origin:
        made.execute(s.origin)
    return made


def plan(s: Session) -> Plan:
    """What the session did, from its recorded words.  raises: UserError when they do not lead to the same tape."""
    copy = fresh(s, s.kernel)
    loaded, past = tuple(copy.timeline.marks), tuple(copy.tape.entries)
    lines: dict[int, str] = {}               # id of an edit -> its word
    said: list[Said] = []
    for word in s.words:
        cursor, entries = copy.tape.cursor, copy.tape.entries
        if name_of(word, copy) in KEPT:
            said.append(Said(cursor, entries[cursor - 1] if cursor else None, word))
        known = {id(edit) for edit in copy.timeline.edits}
        copy.execute(word)
        lines.update((id(edit), word) for edit in copy.timeline.edits if id(edit) not in known and id(edit) not in lines)
    if (copy.tape.cursor, copy.tape.end) != (s.tape.cursor, s.tape.end) or copy.tape.digest() != s.tape.digest():
        raise UserError("the session cannot be repeated: its recorded words lead elsewhere", "`record` shows them.")
    copy.tape.seek(copy.tape.end)
    made = {edit.start: lines[id(edit)] for edit in copy.timeline.edits if id(edit) in lines}
    kept = still_there(copy, loaded, past)
    return Plan(copy, tuple(steps(copy, made, [one for one in said if in_place(copy, one)], kept)), kept)


def still_there(copy: Session, loaded: tuple[ActionMark, ...], past: tuple[Entry, ...]) -> int:
    """How many marks of the past that was loaded have not been cut off."""
    tape = copy.tape
    return sum(mark.end <= tape.end and tape.entries[mark.end - 1] is past[mark.end - 1] for mark in loaded)


def name_of(word: str, s: Session) -> str:
    return resolve(head(word)[0], s.defined)


def in_place(copy: Session, said: Said) -> bool:
    """Has nothing been cut off below the position of a word since?"""
    entries = copy.tape.entries
    return not said.position or (said.position <= len(entries) and entries[said.position - 1] is said.before)


def steps(copy: Session, made: dict[int, str], said: list[Said], kept: int = 0) -> Iterator[Step]:
    """The plan of a tape behind the first `kept` marks.  The copy's cursor goes along it, and ends at its end."""
    marks, waiting = copy.timeline.marks[kept:], sorted(said, key=lambda one: one.position)
    run: list[ActionMark] = []
    end = copy.tape.end
    for mark in (*marks, None):
        start = mark.start if mark is not None else end
        due = [one for one in waiting if one.position <= start]
        if run and (due or mark is None or mark.edit):
            yield run_step(copy, run)
            run = []
        del waiting[:len(due)]
        yield from (Say(one.line, one.position, one.position < start) for one in due)
        if mark is not None and mark.edit:
            yield edit_step(copy, mark, made[mark.start])
        elif mark is not None:
            run.append(mark)
    copy.tape.seek(end)


def run_step(copy: Session, marks: list[ActionMark]) -> Run:
    copy.tape.seek(marks[-1].end)
    vcpu = copy.kvm.vcpus[marks[-1].vcpu]
    return Run(tuple((mark.vcpu, mark.name) for mark in marks), vcpu.todo, len(vcpu.program))


def edit_step(copy: Session, mark: ActionMark, line: str) -> Edit:
    entries = copy.tape.entries[mark.start:mark.end]
    if mark.name != "inject":
        return Edit(mark.vcpu, line, (), False)
    old, new = next((entry[2], entry[3]) for entry in entries if entry[1] == "program")
    front = not mark.text.startswith("program")
    return Edit(mark.vcpu, line, new[:len(new) - len(old)] if front else new[len(old):], front)


# -- running it ----------------------------------------------------------------------------------------------------


def rerun(s: Session, wanted: Plan, kernel: str = "", left_out: tuple[int, ...] = ()) -> Rerun:
    """Follow the plan of `s` on a machine of its own.

    kernel: default the same.  left_out: positions of flushes and requests that are not executed; see Hardware.left_out.
    """
    other = fresh(s, kernel or s.kernel)
    if other.timeline.marks:
        began = other.timeline.marks[wanted.kept - 1].end if wanted.kept else 0
        if min(left_out, default=began) < began:
            raise UserError(f"#{min(left_out)} lies in the past that was loaded, which is not executed again",
                            f"What follows #{began} can be left out.")
        other.timeline.cut_at(began)
    other.kvm.hw.left_out = frozenset(left_out)
    done = Rerun(other)
    same_until = 0 if kernel and kernel != s.kernel else min(left_out, default=wanted.copy.tape.end)
    for step in wanted.steps:
        try:
            follow(done, step, same_until)
        except KvmdbgError as wrong:
            done.ended = f"{step.line.partition(chr(10))[0]!r} fails: {wrong}" if isinstance(step, Edit) else str(wrong)
            break
    other.tape.seek(other.tape.end)
    return done


def follow(done: Rerun, step: Step, same_until: int) -> None:
    """One step of a plan.  same_until: up to this position both tapes are the same."""
    match step:
        case Edit():
            edit(done.session, step)
        case Run():
            run(done.session, step)
        case Say():
            say(done, step, same_until)


def edit(other: Session, step: Edit) -> None:
    other.current_vcpu = step.vcpu
    if step.insns:
        load(other, step.vcpu, step.insns, step.front, step.line)
    else:
        other.execute(step.line)


def run(other: Session, step: Run) -> None:
    """As the copy ran while that is possible; then on, until the guest stands where it stood.

    raises: UserError when it does not come there.
    """
    for vcpu, name in step.actions:
        action = next_action(other.kvm, vcpu)
        if action is None or action.name != name or arrived(other.kvm, vcpu, step, early=True):
            break
        other.timeline.run(vcpu)
    vcpu = step.actions[-1][0]
    for _ in range(LOST):
        if arrived(other.kvm, vcpu, step) or not other.timeline.run(vcpu):
            return
    raise UserError(f"vcpu{vcpu} does not come to where it stood in the session: it went on for {LOST} actions")


def arrived(kvm: Kvm, number: int, step: Run, early: bool = False) -> bool:
    """Does the vCPU stand where it stood in the copy?  early: before its time, with less of its program left."""
    vcpu = kvm.vcpus[number]
    left = len(vcpu.program)
    return left < step.program if early else vcpu.todo == step.todo and left <= step.program


def say(done: Rerun, step: Say, same_until: int) -> None:
    """A word at its place; one from the middle of an action has none any more once the tapes differ."""
    other = done.session
    end = other.tape.end
    if step.inside:
        if step.position > min(same_until, end):
            return
        other.tape.seek(step.position)
    try:
        other.execute(step.line)
    except ExpectationFailed as wrong:
        done.failures.append(wrong.message)
    except UserError as wrong:
        if name_of(step.line, other) == "expect":
            done.failures.append(f"{step.line}: {wrong.message}")
    finally:
        other.tape.seek(end)
