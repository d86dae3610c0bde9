"""kernel, revert, apply, machine: which KVM runs on which hardware."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from kvmdbg.errors import UserError
from kvmdbg.machine.eras import versions
from kvmdbg.machine.eras.commit import COMMITS
from kvmdbg.oracle.verdict import FORBIDDEN
from kvmdbg.session.judged import judged_of
from kvmdbg.session.machine_words import DEFAULTS, HINT, NAMES, chosen, limits, setting, spell
from kvmdbg.session.operands import KernelOperand
from kvmdbg.session.parse import COMMANDS, Candidate, Operand, command, did_you_mean, head, matching, resolve
from kvmdbg.session.results import Result, Text
from kvmdbg.session.session import Session
from kvmdbg.session.settings import STOP_ON_FORBIDDEN


class CommitsOperand(Operand):
    """Hashes of commits that the kernel has (`revert`) or lacks (`apply`)."""

    name, describe, whole_line = "HASH...", "hashes of commits, of five digits or more; `info kernels` lists them", True

    def __init__(self, lacked: bool) -> None:
        self.lacked = lacked

    def parse(self, session: Any, word: str) -> tuple[str, ...]:
        return tuple(word.replace(",", " ").split())

    def complete(self, session: Any, text: str) -> Iterable[Candidate]:
        last = text.rpartition(" ")[2]
        missing = versions.missing_from(session.kernel)
        named = {one.hash: one.subject for one in COMMITS if (one.hash in missing) == self.lacked}
        return [one._replace(start=len(text) - len(last)) for one in matching(named, last, named.__getitem__)]


KernelName = Annotated[str, KernelOperand()]
Reverted = Annotated[tuple[str, ...], CommitsOperand(lacked=False)]
Applied = Annotated[tuple[str, ...], CommitsOperand(lacked=True)]


class MachineOperand(Operand):
    """`enable_vpid=0 vcpus=2 invvpid_types=1,2 l1.ept_ad=0`: fields of Config and Caps, and what L1 is left of the latter."""

    name, describe, whole_line = "NAME=VALUE...", "words such as enable_vpid=0", True

    def parse(self, session: Any, word: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for option in word.split():
            name, equals, value = option.partition("=")
            if name not in NAMES or not equals:
                raise UserError(f"{option!r} is nothing about the machine", did_you_mean(name, NAMES) or HINT)
            found[name] = setting(name, value)
        return found

    def complete(self, session: Any, text: str) -> Iterable[Candidate]:
        last = text.rpartition(" ")[2]
        return [one._replace(start=len(text) - len(last)) for one in matching((f"{name}=" for name in NAMES), last)]


Machine = Annotated[dict[str, Any] | None, MachineOperand()]


@command("machine", group="machine", recorded=False,
         examples=("machine enable_vpid=0", "machine tlb_capacity=64 memory=1G", "machine IA32_VMX_VMFUNC=0", "machine"))
def machine(s: Session, words: Machine = None) -> Text | None:
    """Choose the module parameters and the processor, before anything has run; alone, show them.

    Module parameters and size: enable_ept, enable_vpid, nested, enable_shadow_vmcs (since v5.3), vcpus, cpus, memory, vpids (what
    other VMs have left over), apic_access_page (of L1; with nested=0).
    Processor: maxphyaddr, invept_types, invvpid_types, pcid, tlb_capacity (0 = unlimited), paging_structure_caches (entries of
    upper levels are cached too) and so on.
    A VMX capability MSR by its name, IA32_VMX_EPT_VPID_CAP=0x106334141: bits that are missing take their capabilities away.
    l1.ept_ad=0, l1.IA32_VMX_VMFUNC=0: what of these user space leaves to L1.  `info capabilities` shows both, bit by bit.
    """
    if words:
        if s.tape.end or s.origin:
            raise UserError(f"the machine {'came with its state' if s.origin else 'has run already'}: its hardware cannot change",
                            "Begin the session with `machine`.")
        s.begin(s.kernel, *chosen(words, s.kvm.config, s.caps, s.kvm.era))
        return None
    values = s.kvm.config._asdict() | s.caps._asdict()
    return Text(" ".join((*(f"{name}={spell(values[name])}" for name in DEFAULTS), *limits(s.kvm.config))))


@command("kernel", group="machine", examples=("kernel v4.3", "kernel v6.12 -2b4a5a5d5688", "kernel"), recorded=False)
def kernel(s: Session, name: KernelName = "") -> Result:
    """Run this kernel.  Before anything has run it is booted; later the session starts again on it and repeats what was said.

    Alone, say which kernel it is.  A kernel given on the command line wins.
    """
    if not name:
        return Text(f"kernel {s.kernel}")
    return run_on(s, versions.kernel(name).name)


@command("revert", group="machine", examples=("revert 2b4a5a5d5688",), recorded=False)
def revert(s: Session, hashes: Reverted) -> Result:
    """Run the present kernel without these commits: `kernel` with them taken away.  `info kernels` lists the commits."""
    return run_on(s, versions.changed(s.kernel, "-", hashes))


@command("apply", group="machine", examples=("apply 5c614b3583e7",), recorded=False)
def apply(s: Session, hashes: Applied) -> Result:
    """Run the present kernel with these commits on top: `kernel` with them added.  What a commit needs must be there."""
    return run_on(s, versions.changed(s.kernel, "+", hashes))


def run_on(s: Session, wanted: str) -> Result:
    """Boot the kernel, or start again on it; unless the command line has chosen one."""
    if s.kernel_wins:
        return None if wanted == s.kernel else Text(f"kernel {s.kernel} stays: it was given on the command line")
    if not s.tape.end and not s.origin:
        s.begin(wanted, s.kvm.config, s.caps)
        return None
    return restart(s, wanted)


def restart(s: Session, wanted: str) -> Text:
    """Everything said so far, again, on another kernel.

    What changes the machine must work there; a motion or a look that makes no sense there is left out and told.  Forbidden uses
    do not stop on the way, as the words know of no such stop; how many there were is told.
    raises: UserError when a change fails; the session stays as it was.
    """
    other = Session(wanted, s.kvm.config, s.caps, s.listening, kernel_wins=True, read_file=s.read_file, write_file=s.write_file)
    for name, value in s.settings.items():
        other.choose(name, value)
    other.choose(STOP_ON_FORBIDDEN, "off")
    if s.origin:
        other.execute(s.origin)
    told: list[str] = []
    for word in s.words:
        first = word.partition("\n")[0]
        try:
            other.execute(word)
        except UserError as wrong:
            if COMMANDS[resolve(head(first)[0], other.defined)].group == "machine":
                raise UserError(f"on {wanted}, {first!r} fails: {wrong.message}", wrong.hint) from None
            told.append(f"left out there: {first!r}: {wrong.message}")
    forbidden = judged_of(other.kvm).count(FORBIDDEN, 0, other.tape.end)
    if forbidden:
        told.append(f"forbidden uses on the way: {forbidden}; `last forbidden` goes to one")
    s.adopt(other)
    s.choose(STOP_ON_FORBIDDEN, s.settings[STOP_ON_FORBIDDEN])
    return Text("\n".join((f"{len(s.words)} lines repeated on {wanted}, now at #{s.tape.cursor}", *told)))
