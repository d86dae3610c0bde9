"""Posted interrupts: vectors that software leaves in a descriptor, and that one notification brings to the guest without a VM exit.

Source: SDM Vol. 3C 29.6.  The descriptor has 64 bytes: 256 bits of vectors (PIR), then the outstanding-notification bit (ON).  The
processor that acknowledges the notification vector clears ON, moves PIR into the virtual interrupt-request register and evaluates
what is pending then, as virtual-interrupt delivery does.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import memory, vmcs
from kvmdbg.machine.hw.controls import PIN_POSTED_INTERRUPTS
from kvmdbg.machine.hw.events import Posted
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import Cpu, Hardware
from kvmdbg.machine.hw.virtual_interrupts import VIRR, in_service, requested, set_vector

PIR_WORDS: Final = 4          # of 64 bits
CONTROL: Final = 0x20         # offset of the word with ON
ON: Final = 1 << 0


def notifies(hw: Hardware, cpu: Cpu) -> bool:
    """Is the vector that the local APIC offers the one that means a posted interrupt?"""
    if not vmcs.read(hw, cpu, F.PIN_BASED_VM_EXEC_CONTROL) & PIN_POSTED_INTERRUPTS:
        return False
    irr = hw.pending[cpu.id].irr
    return bool(irr) and irr.bit_length() - 1 == vmcs.read(hw, cpu, F.POSTED_INTR_NV)


def process(hw: Hardware, cpu: Cpu) -> None:
    """What is posted becomes pending for the guest; the notification has been acknowledged and its EOI written."""
    descriptor = vmcs.read(hw, cpu, F.POSTED_INTR_DESC_ADDR)
    control = memory.read64(hw, descriptor + CONTROL)
    if control & ON:
        memory.write64(hw, descriptor + CONTROL, control & ~ON)
    posted = 0
    for i in range(PIR_WORDS):
        word = memory.read64(hw, descriptor + 8 * i)
        if word:
            memory.write64(hw, descriptor + 8 * i, 0)
        posted |= word << 64 * i
    vectors = tuple(vector for vector in range(posted.bit_length()) if posted >> vector & 1)
    hw.emit(Posted, cpu.id, vectors)
    for vector in vectors:
        set_vector(hw, cpu, VIRR, vector, True)
    vmcs.write(hw, cpu, F.GUEST_INTR_STATUS, in_service(hw, cpu) << 8 | max(requested(hw, cpu), *vectors, 0))
