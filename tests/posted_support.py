"""An L2 for which L1 posts interrupts, and L1 posting one."""

from __future__ import annotations

from events_support import IF, PIN, given_l2, rounds, story
from kvm_support import Machine
from kvmdbg.machine.hw.controls import (
    CPU_SECONDARY_CONTROLS,
    CPU_TPR_SHADOW,
    EXIT_ACK_INTR_ON_EXIT,
    PIN_POSTED_INTERRUPTS,
    SEC_VIRTUAL_INTR_DELIVERY,
)
from kvmdbg.machine.hw.fields import F
from vmx import GOOD

PAGE, DESCRIPTOR, NOTIFICATION, VECTOR = 0x9000, 0xA040, 0xE0, 0x31
CAPS = {"virtual_interrupts": True, "posted_interrupts": True}


def posting(name: str, **fields: int) -> Machine:
    """L1 is about to launch an L2 with a descriptor, and nothing posted."""
    values = {"PIN_BASED_VM_EXEC_CONTROL": PIN | PIN_POSTED_INTERRUPTS, "POSTED_INTR_NV": NOTIFICATION,
              "CPU_BASED_VM_EXEC_CONTROL": CPU_TPR_SHADOW | CPU_SECONDARY_CONTROLS, "VIRTUAL_APIC_PAGE_ADDR": PAGE,
              "SECONDARY_VM_EXEC_CONTROL": SEC_VIRTUAL_INTR_DELIVERY, "POSTED_INTR_DESC_ADDR": DESCRIPTOR, "GUEST_RFLAGS": IF,
              "VM_EXIT_CONTROLS": GOOD[F.VM_EXIT_CONTROLS] | EXIT_ACK_INTR_ON_EXIT} | fields
    return given_l2(name, CAPS, **values)


def post(m: Machine, vector: int = VECTOR) -> list[str]:
    """L1's other vCPU, or a device: the vector, the outstanding-notification bit, the notification; then what comes of it."""
    m.poke(DESCRIPTOR + 8 * (vector // 64), 1 << vector % 64)
    m.poke(DESCRIPTOR + 0x20, 1)
    return [*story(m.host(f"irq {NOTIFICATION:#x}")), *story(rounds(m)[1])]
