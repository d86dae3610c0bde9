"""Code of a guest at linear addresses, which RIP walks through: handlers, and programs whose addresses matter.

No structure of the kernel: like `vcpu.program`, it stands for the guest's code, beside its memory.  Where RIP points at an
instruction of the running level, that one is next; elsewhere the program's front is.
"""

from __future__ import annotations

from kvmdbg.errors import Unsupported, UserError
from kvmdbg.machine.hw.state import NO_INSN, Insn
from kvmdbg.machine.kvm.state import Kvm, Vcpu, level_of

LAST_ADDRESS = 0xFFFF_FFFF_FFFF_FFFF


def insn_at_rip(kvm: Kvm, vcpu: Vcpu) -> Insn | None:
    """The code that RIP of the running guest points at."""
    placed: Insn | None = kvm.code.get((level_of(vcpu), kvm.cpu(vcpu).rip))
    return placed


def next_insn(kvm: Kvm, vcpu: Vcpu) -> Insn:
    """What the guest, which is running, executes next; NO_INSN when it has nothing."""
    return insn_at_rip(kvm, vcpu) or (vcpu.program[0] if vcpu.program else NO_INSN)


def place_code(kvm: Kvm, level: int, address: int, insns: tuple[Insn, ...]) -> None:
    """Put instructions at a linear address of a level, one behind the other; none: take away those that are there.

    level: 1 or 2.    raises: UserError when they do not fit below 2^64 or overlap others, before anything has changed.
    """
    kvm.tape.bottom = place_code.__code__
    if not insns:
        _take_away(kvm, level, address)
        return
    end = address + sum(insn.length for insn in insns)
    if end - 1 > LAST_ADDRESS:
        raise UserError(f"code at {address:#x} does not fit below 2^64", "Use a lower address.")
    for (other_level, start), insn in kvm.code.items():
        if other_level == level and start < end and start + insn.length > address:
            raise UserError(f"L{level} has `{insn.text}` at {start:#x} already",
                            f"Take it away first: code L{level} {start:#x} + end.")
    for insn in insns:
        kvm.code[level, address] = insn
        address += insn.length


def _take_away(kvm: Kvm, level: int, address: int) -> None:
    """The instruction at `address` and those that follow it without a gap."""
    while (insn := kvm.code.get((level, address))) is not None:
        del kvm.code[level, address]
        address += insn.length


def require_handler(kvm: Kvm, vcpu: Vcpu, rip: int, idtr_base: int) -> None:
    """raises: Unsupported for a fault of code at an address where the guest has no IDT: nobody could say where it goes on."""
    if not idtr_base and (level_of(vcpu), rip) in kvm.code:
        raise Unsupported(f"L{level_of(vcpu)} has code at {rip:#x}, which faults, and no IDT",
                          "Set the IDTR base of its guest state, and give the vector a gate: `gate`.")
