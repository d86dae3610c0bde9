"""`CR3 bit 3`, `PDPTE 2 bit 52, EFER.NX=0`: L1 sets a bit of what L2's paging starts from."""

from __future__ import annotations

import re
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import EFER_NXE
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.guest_state import PDPTES
from kvmdbg.session.cases.base import uses_ept
from kvmdbg.session.cases.control_names import CONTROLS
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.operations.control import switch
from kvmdbg.session.cases.operations.vmwrite import write
from kvmdbg.session.cases.pae_guest import PDPT_LEVEL
from kvmdbg.session.cases.player import L2
from kvmdbg.session.cases.steps import Actor, Operation

CR3_BIT: Final = re.compile(r"bit (\d+)")
PDPTE_BIT: Final = re.compile(r"([0-3]) bit (\d+)")


@operation("CR3", actors=("L1",))
def cr3_bit(h: Harness, op: Operation, actor: Actor) -> None:
    """Of L2's CR3."""
    match = CR3_BIT.fullmatch(op.rest)
    if match is None:
        raise Unsupported(f"{op.text}: only a bit of CR3")
    write(h, F.GUEST_CR3, lambda old: old | 1 << int(match[1]))


@operation("PDPTE", actors=("L1",))
def pdpte_bit(h: Harness, op: Operation, actor: Actor) -> None:
    """In the VMCS where L1 uses EPT, else in the page at CR3; without `EFER.NX=0` L2's EFER stays as it is."""
    match = PDPTE_BIT.fullmatch(op.rest)
    nx = op.named("EFER.NX")
    if match is None or nx not in ("", "0", "1"):
        raise Unsupported(f"{op.text}: only a bit of one PDPTE, and EFER.NX")
    number, bit = int(match[1]), 1 << int(match[2])
    if uses_ept(h.setup):
        write(h, PDPTES[number], lambda old: old | bit)
    else:
        h.player.set_entry(L2, number << 30, h.player.entry(L2, number << 30, PDPT_LEVEL)[1] | bit, PDPT_LEVEL)
    if nx:
        switch(h, CONTROLS["load_efer"], True)
        write(h, F.GUEST_IA32_EFER, lambda old: old & ~EFER_NXE | EFER_NXE * int(nx))
