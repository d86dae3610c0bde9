"""Posted interrupts of L2: L1 posts vectors in its own descriptor and sends the notification vector to the vCPU (nested.c, vmx.c).

While L2 runs, the processor does the rest: vmcs02 has the descriptor, and a notification vector of the host's own.  Where it does
not run, KVM moves the vectors itself before the next entry.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.controls import PIN_POSTED_INTERRUPTS
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.posted_interrupts import CONTROL, ON, PIR_WORDS
from kvmdbg.machine.hw.virtual_interrupts import VIRR
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.events import Decided
from kvmdbg.machine.kvm.guest_memory import gfn_to_pfn, kvm_read_guest, kvm_write_guest
from kvmdbg.machine.kvm.kvm_host import kvm_make_request, kvm_vcpu_wake_up, send_ipi
from kvmdbg.machine.kvm.state import IN_GUEST_MODE, Kvm, Vcpu
from kvmdbg.machine.kvm.vmx_ops import read, write

POSTED_INTR_NESTED_VECTOR: Final = 0xF0        # irq_vectors.h


def nested_cpu_has_posted_intr(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Does the current vmcs12 process posted interrupts? (nested.h)"""
    return bool(vmcs12.get(kvm, vcpu, F.PIN_BASED_VM_EXEC_CONTROL) & PIN_POSTED_INTERRUPTS)


def vmx_deliver_nested_posted_interrupt(kvm: Kvm, vcpu: Vcpu, vector: int) -> bool:
    """Take L1's notification vector for L2; False: it is any other interrupt, or L2 is not active (vmx.c)."""
    if not vcpu.guest_mode or not nested_cpu_has_posted_intr(kvm, vcpu) or vector != vmcs12.get(kvm, vcpu, F.POSTED_INTR_NV):
        return False
    runs = vcpu.mode == IN_GUEST_MODE
    kvm.emit(Decided, vcpu.id, "vmx_deliver_nested_posted_interrupt", "is the vector L1's notification for L2?", "yes",
             f"vector {vector:#x}; " + ("L2 runs, and its processor is notified" if runs else "L2 gets it when it is entered"),
             "vmx.c: vmx_deliver_nested_posted_interrupt()")
    kvm.events(vcpu).pi_pending = True
    kvm_make_request(kvm, vcpu, "EVENT", "vmx_deliver_nested_posted_interrupt")
    if runs:
        send_ipi(kvm, vcpu.cpu, POSTED_INTR_NESTED_VECTOR)
    else:
        kvm_vcpu_wake_up(kvm, vcpu)
    return True


def prepare_vmcs02_posted(kvm: Kvm, vcpu: Vcpu) -> None:
    """The notification vector of vmcs02; the control is vmcs12's own (nested.c: prepare_vmcs02_early())."""
    if nested_cpu_has_posted_intr(kvm, vcpu):
        write(kvm, vcpu, F.POSTED_INTR_NV, POSTED_INTR_NESTED_VECTOR)


def map_descriptor(kvm: Kvm, vcpu: Vcpu) -> None:
    """POSTED_INTR_DESC_ADDR; without memory there vmcs02 does without the control (nested.c: nested_get_vmcs12_pages())."""
    if not nested_cpu_has_posted_intr(kvm, vcpu):
        return
    gpa = vmcs12.get(kvm, vcpu, F.POSTED_INTR_DESC_ADDR)
    page = gfn_to_pfn(kvm, gpa >> 12)
    kvm.emit(Decided, vcpu.id, "nested_get_vmcs12_pages", "is vmcs12's POSTED_INTR_DESC_ADDR memory?",
             "no" if page is None else "yes", f"gpa {gpa:#x}", "nested.c: nested_get_vmcs12_pages(), 966eefb89657")
    if page is not None:
        write(kvm, vcpu, F.POSTED_INTR_DESC_ADDR, page | gpa & 0xFFF)
    elif kvm.era.drops_posted_interrupts_without_a_descriptor():
        pin = read(kvm, vcpu, F.PIN_BASED_VM_EXEC_CONTROL)
        write(kvm, vcpu, F.PIN_BASED_VM_EXEC_CONTROL, pin & ~PIN_POSTED_INTERRUPTS)


def posted(kvm: Kvm, vcpu: Vcpu) -> int:
    """The vectors in L1's descriptor with its notification outstanding, as a mask; 0 without the notification."""
    descriptor = vmcs12.get(kvm, vcpu, F.POSTED_INTR_DESC_ADDR)
    if not (kvm_read_guest(kvm, descriptor + CONTROL) or 0) & ON:
        return 0
    return sum((kvm_read_guest(kvm, descriptor + 8 * i) or 0) << 64 * i for i in range(PIR_WORDS))


def vmx_complete_nested_posted_interrupt(kvm: Kvm, vcpu: Vcpu) -> None:
    """What is posted becomes pending for L2, unless its processor has done that already (nested.c)."""
    events = kvm.events(vcpu)
    if not events.pi_pending:
        return
    events.pi_pending = False
    vectors = posted(kvm, vcpu)
    descriptor, page = (vmcs12.get(kvm, vcpu, field) for field in (F.POSTED_INTR_DESC_ADDR, F.VIRTUAL_APIC_PAGE_ADDR))
    control = kvm_read_guest(kvm, descriptor + CONTROL) or 0
    if not control & ON:
        return
    kvm_write_guest(kvm, descriptor + CONTROL, control & ~ON)
    for i in range(PIR_WORDS):
        if vectors >> 64 * i & (1 << 64) - 1:
            kvm_write_guest(kvm, descriptor + 8 * i, 0)
    for i in range(8):
        bits, place = vectors >> 32 * i & 0xFFFF_FFFF, page + VIRR + 0x10 * i
        if bits:
            kvm_write_guest(kvm, place, (kvm_read_guest(kvm, place) or 0) | bits)
    highest, status = max(vectors.bit_length() - 1, 0), read(kvm, vcpu, F.GUEST_INTR_STATUS)
    if highest > status & 0xFF:
        write(kvm, vcpu, F.GUEST_INTR_STATUS, status & ~0xFF | highest)
