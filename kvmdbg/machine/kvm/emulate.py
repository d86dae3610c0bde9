"""Port I/O of a guest, which KVM carries out for it (vmx.c: handle_io(), x86.c: kvm_fast_pio(), emulate.c: em_in(), em_out()).

IN and OUT concern no memory and are done straight away.  A string instruction goes through the emulator, which reaches memory by
walking the guest's tables in software: OUTS reads it before it goes to the port; INS has been to the port when it finds that it
cannot write.  What it finds wrong is the guest's page fault, or of L2, where EPT12 is in the way, an EPT violation for L1.

No device of the model is in the kernel: KVM_RUN returns with KVM_EXIT_IO, and user space, which has none either, answers at once.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import ports
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.paging import PF_USER, PF_WRITE
from kvmdbg.machine.kvm.events import PortAccessed
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest, kvm_write_guest
from kvmdbg.machine.kvm.guest_virtual import NoMemory, place
from kvmdbg.machine.kvm.shadow import kvm_mmu_track_write
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vmx import skip_emulated_instruction
from kvmdbg.machine.kvm.vmx_ops import read

SIZE: Final = 7                     # bits of the qualification: bytes - 1


def handle_io(kvm: Kvm, vcpu: Vcpu) -> None:
    """An I/O instruction has exited."""
    qualification = read(kvm, vcpu, F.EXIT_QUALIFICATION)
    port, size = qualification >> ports.PORT_SHIFT, (qualification & SIZE) + 1
    into = bool(qualification & ports.QUALIFICATION_IN)
    kvm.count(vcpu.id, "io_exits")
    if qualification & ports.QUALIFICATION_STRING:
        kvm.count(vcpu.id, "insn_emulation")
        done = (em_ins if into else em_outs)(kvm, vcpu, port, size)
    else:
        done = kvm_fast_pio(kvm, vcpu, port, size, into)
    if done:
        skip_emulated_instruction(kvm, vcpu)


def kvm_fast_pio(kvm: Kvm, vcpu: Vcpu, port: int, size: int, into: bool) -> bool:
    """IN or OUT."""
    if into:
        vcpu.rax = ports.register(vcpu.rax, size, pio_in(kvm, vcpu, port, size))
    else:
        pio_out(kvm, vcpu, port, size, vcpu.exit_insn.operands[1])
    return True


def em_outs(kvm: Kvm, vcpu: Vcpu, port: int, size: int) -> bool:
    """Memory, then the port; False after a fault."""
    la = operand(kvm, vcpu)
    found = reached(kvm, vcpu, la, user(kvm, vcpu))
    if found is None:
        return False
    pio_out(kvm, vcpu, port, size, ports.taken(kvm_read_guest(kvm, found) or 0, la, size))
    return True


def em_ins(kvm: Kvm, vcpu: Vcpu, port: int, size: int) -> bool:
    """The port, then memory; False after a fault, and the port has been read all the same."""
    la = operand(kvm, vcpu)
    value = pio_in(kvm, vcpu, port, size)
    found = reached(kvm, vcpu, la, PF_WRITE | user(kvm, vcpu))
    if found is None:
        return False
    kvm_write_guest(kvm, found, ports.merged(kvm_read_guest(kvm, found) or 0, la, size, value))
    kvm_mmu_track_write(kvm, vcpu, found)
    return True


def reached(kvm: Kvm, vcpu: Vcpu, la: int, error_code: int) -> int | None:
    """place() of what the emulator reads or writes; outside the memslots it is a device's, which user space plays."""
    found = place(kvm, vcpu, la, error_code)
    if isinstance(found, NoMemory):
        vcpu.exit_to_user = f"KVM_EXIT_MMIO (no memory at {found.gpa:#x})"
        return None
    return found


def operand(kvm: Kvm, vcpu: Vcpu) -> int:
    """Linear address of the string instruction's bytes."""
    return read(kvm, vcpu, F.GUEST_LINEAR_ADDRESS)


def user(kvm: Kvm, vcpu: Vcpu) -> int:
    """PF_USER at CPL 3: the emulator's accesses have the guest's privilege."""
    return PF_USER if read(kvm, vcpu, F.GUEST_SS_AR_BYTES) >> 5 & 3 == 3 else 0


def pio_in(kvm: Kvm, vcpu: Vcpu, port: int, size: int) -> int:
    """What user space answers: all ones."""
    value = ports.value_mask(size)
    kvm.emit(PortAccessed, vcpu.id, "in", port, size, value)
    return value


def pio_out(kvm: Kvm, vcpu: Vcpu, port: int, size: int, value: int) -> None:
    """User space takes it, and that is all."""
    kvm.emit(PortAccessed, vcpu.id, "out", port, size, value & ports.value_mask(size))
