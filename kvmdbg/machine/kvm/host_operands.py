"""Operands of host events, and the refusals that several of them share."""

from __future__ import annotations

import re
from typing import Final

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.operands import NUMBER, OperandType, number, value_64
from kvmdbg.machine.kvm.apic_access_page import has_apic_access_page
from kvmdbg.machine.kvm.guest_memory import gfn_visible
from kvmdbg.machine.kvm.state import Kvm


def _processor(text: str) -> int | None:
    return number(re.sub("^p?cpu", "", text.lower()))


GFN: Final = OperandType("gfn", f"a guest frame number, {NUMBER}", value_64)
PROCESSOR: Final = OperandType("processor", "a processor of the host such as pcpu1", _processor, ("pcpu0", "pcpu1"))


def processor_of(kvm: Kvm, word: str, cpu: int) -> int:
    """raises: UserError for a processor that the host has not."""
    if cpu < len(kvm.hw.cpus):
        return cpu
    raise UserError(f"host {word}: there is no pcpu{cpu}", f"The host has {len(kvm.hw.cpus)}: `machine cpus={cpu + 1}` makes more.")


def memslots(kvm: Kvm) -> str:
    """The VM's memory in words."""
    return ", ".join(f"gfn {base:#x} to {base + npages - 1:#x}" for base, npages in kvm.memslots.items()) or "it has none"


def page_in_use(kvm: Kvm, word: str, gfn: int) -> None:
    """raises: UserError for a frame number outside the VM's memory, or of a page that nobody has touched."""
    if gfn in kvm.pages and gfn_visible(kvm, gfn):
        return
    if gfn_visible(kvm, gfn):
        raise UserError(f"host {word}: gfn {gfn:#x} has no host frame: nobody has touched it", "`info frames` lists those in use.")
    raise UserError(f"host {word}: gfn {gfn:#x} is outside the VM's memory: {memslots(kvm)}",
                    f"A frame number is an address / 4096: {gfn >> 12:#x} for the address {gfn:#x}.")


def page_that_moves(kvm: Kvm, word: str, gfn: int) -> None:
    """raises: UserError for a page that is not in use, or that KVM has pinned."""
    page_in_use(kvm, word, gfn)
    if has_apic_access_page(kvm, gfn) and kvm.era.pins_the_apic_access_page():
        raise UserError(f"host {word}: {kvm.era.name} has pinned the APIC-access page, gfn {gfn:#x}",
                        "38b9917350cb and its series (v3.18) let it move.")
