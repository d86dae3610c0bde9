"""Operands of host events, and the refusals that several of them share."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.operands import NUMBER, OperandType, value_64
from kvmdbg.machine.kvm.state import Kvm

GFN: Final = OperandType("gfn", f"a guest frame number, {NUMBER}", value_64)


def page_in_use(kvm: Kvm, word: str, gfn: int) -> None:
    """raises: UserError for a frame number outside the VM's memory, or of a page that nobody has touched."""
    if gfn in kvm.pages:
        return
    if gfn << 12 < kvm.config.memory:
        raise UserError(f"host {word}: gfn {gfn:#x} has no host frame: nobody has touched it", "`info frames` lists those in use.")
    raise UserError(f"host {word}: gfn {gfn:#x} is outside the VM's memory, which ends at gfn {kvm.config.memory >> 12:#x}",
                    f"A frame number is an address / 4096: {gfn >> 12:#x} for the address {gfn:#x}.")
