"""load: begin again on a state from a file: one that `save` wrote, or a dump in a kernel's log."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Final

from kvmdbg.errors import UserError
from kvmdbg.machine.boot import boot
from kvmdbg.machine.eras import versions
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.hw.vmcb import OWNER, make_vmcb
from kvmdbg.machine.kvm.state import Config
from kvmdbg.session import machine_words
from kvmdbg.session.commands.kernel import MachineOperand
from kvmdbg.session.operands import ChoiceOperand
from kvmdbg.session.parse import MISSING, Candidate, Operand, command, matching
from kvmdbg.session.results import Text
from kvmdbg.session.session import Session

if TYPE_CHECKING:
    from kvmdbg.session.saved.restoring import Missing  # read when something is loaded: other sessions start sooner

STATE: Final = "state"
DMESG: Final = "dmesg"
PREVIOUS: Final = "previous"
DIGEST: Final = "sha256:"
AS_VMCS12: Final = "vmcs12"


class FileWordOperand(Operand):
    """A file in front of other operands: one word, or a name with blanks in double quotes."""

    name, describe, path = "FILE", "the name of a file; in double quotes, if there are blanks in it", True

    def take(self, session: Any, text: str) -> tuple[Any, str]:
        if text.startswith('"') and '"' in text[1:]:
            name, _, rest = text[1:].partition('"')
            return name, rest
        name, _, rest = text.partition(" ")
        return name, rest


class WhichOperand(Operand):
    """A number in front of the digest."""

    name, describe = "N", "which dump of the file, from 1 on"

    def take(self, session: Any, text: str) -> tuple[Any, str]:
        word, _, rest = text.partition(" ")
        if word.startswith(DIGEST) or word == AS_VMCS12:
            return MISSING, text
        if not word.isdigit() or not int(word):
            raise UserError(f"{word!r} is no number of a dump", "Write a number from 1 on.")
        return int(word), rest


class RoleOperand(Operand):
    """A word in front of the digest."""

    name, describe = AS_VMCS12, "the log is L1's: its VMCS is what KVM keeps as vmcs12"

    def take(self, session: Any, text: str) -> tuple[Any, str]:
        word, _, rest = text.partition(" ")
        if word.startswith(DIGEST):
            return MISSING, text
        if word != AS_VMCS12:
            raise UserError(f"{word!r} is too much", f"Write {AS_VMCS12} for the log of a KVM in L1, or nothing.")
        return word, rest

    def complete(self, session: Any, text: str) -> Iterable[Candidate]:
        return matching((AS_VMCS12,), text)


class DigestOperand(Operand):
    name, describe = "sha256:DIGITS", "the beginning of the file's SHA-256, as a recording writes it"

    def parse(self, session: Any, word: str) -> str:
        if not word.startswith(DIGEST) or len(word) < len(DIGEST) + 8:
            raise UserError(f"{word!r} is no digest", f"Write {self.name}, with 8 digits or more.")
        return word.removeprefix(DIGEST).lower()

    def complete(self, session: Any, text: str) -> Iterable[Candidate]:
        return ()


What = Annotated[str, ChoiceOperand("WHAT", STATE, DMESG, PREVIOUS)]
FileWord = Annotated[str, FileWordOperand()]
Which = Annotated[int, WhichOperand()]
Role = Annotated[str, RoleOperand()]
Digest = Annotated[str, DigestOperand()]


@command("load", group="session", recorded=False,
         examples=("load dmesg crash.log", "load dmesg crash.log 2 vmcs12", "load state before.state", "load previous"))
def load(s: Session, what: What, file: FileWord = "", number: Which = 0, role: Role = "", digest: Digest = "") -> Text:
    """Begin again at #0 with a state from a file: `dmesg`, a kernel's log with a dump by KVM, or `state`, as `save` wrote it.

    `load dmesg FILE N`: the VMCS of dump_vmcs() number N becomes vmcs01 of a machine that has what its controls use, on the
    session's kernel; vcpu0 stands in front of the VM entry.  `check-entry` names what is wrong, `step` enters.
    `vmcs12` behind it: the log is of a KVM in L1, and L1 is about to launch that VMCS.
    A VMCB (dump_vmcb()) can be looked at (`info vmcb`) and checked; AMD's VMRUN is not modelled.
    `load state FILE` comes with its kernel and its hardware.
    What was said before is left behind; `load previous` goes back to it, and once more returns.  A recording begins with the line
    that loaded, and checks that the file is still the same.
    """
    if what == PREVIOUS:
        return go_back(s, file)
    if not file:
        raise UserError("load: FILE is missing: the name of a file", "Write: load state FILE.")
    if (number or role) and what != DMESG:
        raise UserError(f"load: {number or role} is too much: a saved state is one", "Write: load state FILE.")
    text = s.read_file(file)
    known = hashlib.sha256(text.encode()).hexdigest()
    if not known.startswith(digest):
        raise UserError(f"{file} is not what it was when this was recorded: its SHA-256 begins with {known[:16]}",
                        "Leave the digest out to load it as it is now.")
    line = " ".join((f"load {what}", quoted(file), *((str(number),) if number else ()), *((role,) if role else ()),
                     f"{DIGEST}{known[:16]}"))
    return load_state(s, file, text, line) if what == STATE else load_dmesg(s, file, text, number, role, line)


def quoted(file: str) -> str:
    return f'"{file}"' if " " in file else file


def go_back(s: Session, file: str) -> Text:
    """`load previous`."""
    if file:
        raise UserError(f"load: {file!r} is too much", "Write: load previous.")
    if not s.left:
        raise UserError("no `load` has left a session behind")
    s.__dict__["left"], present = s.present(), s.left
    s.__dict__.update(present)
    return Text(f"back at #{s.tape.cursor} of the session on {s.kernel}; `load previous` returns")


def load_state(s: Session, file: str, text: str, line: str) -> Text:
    """`load state`."""
    from kvmdbg.session.saved.restoring import read_head, restore

    head = read_head(text, file)
    kernel = versions.kernel(head.kernel)
    if s.kernel_wins and kernel.name != s.kernel:
        raise UserError(f"{file} is a state of {kernel.name}, and this session runs {s.kernel}",
                        "A state belongs to its kernel; `load dmesg` and scripts do not.")
    words = MachineOperand().parse(s, head.machine)
    config, caps = machine_words.chosen(words, Config(), Caps(), kernel)
    kvm = boot(kernel, config, caps, listening=s.listening)
    restored = restore(kvm, text, file, lambda kvm, name: make_vmcb(kvm.hw) if name == OWNER else None)
    if s.tape.end:
        s.begin_anew()
    s.take(kvm, caps, line)
    past = ""
    if restored.history is not None:
        restored.history.onto(s.timeline)
        s.stop_position_before = restored.history.stop
        past = f", with its past: at #{s.tape.cursor} of #{s.tape.end}"
    return Text("\n".join((f"{file}: the state is here, digest {s.tape.digest()}{past}", *lacking(restored.missing))))


def load_dmesg(s: Session, file: str, text: str, number: int, role: str, line: str) -> Text:
    """`load dmesg`."""
    from kvmdbg.session.dumps.pasted import chosen, remarks
    from kvmdbg.session.dumps.vmcb_machine import machine_with
    from kvmdbg.session.dumps.vmcs12_machine import machine_of_l1
    from kvmdbg.session.dumps.vmcs_machine import machine_from

    dump, where = chosen(text, file, number)
    if role and dump.kind != "VMCS":
        raise UserError("a VMCB cannot be vmcs12", "Leave vmcs12 out.")
    make = machine_of_l1 if role else machine_from if dump.kind == "VMCS" else machine_with
    made = make(dump, versions.kernel(s.kernel), s.kvm.config, s.caps, s.listening)
    if s.tape.end:
        s.begin_anew()
    s.take(made.kvm, made.caps, line, made.printed)
    is_now = f", is {role or 'vmcs01'} on {s.kernel}" if dump.kind == "VMCS" else ""
    said = (f"{file}: {where}{is_now}", *remarks(dump), *made.notes,
            *(("`check-entry` names what is wrong with it, `step` enters",) if is_now and not role else ()))
    return Text("\n".join(said))


def lacking(missing: tuple[Missing, ...]) -> list[str]:
    """What is said of fields that the file does not have."""
    names = ", ".join(f"{one.record}.{one.field}" for one in missing[:8])
    more = f" and {len(missing) - 8} more" if len(missing) > 8 else ""
    return [f"not in the file, so as on a machine just booted: {names}{more}"] if missing else []
