"""host dirty-log: user space asks KVM which pages of a memory slot the guest writes to, as live migration does."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.operands import OperandType, optional
from kvmdbg.machine.kvm.dirty_log import disable_log_dirty, enable_log_dirty, get_dirty_log
from kvmdbg.machine.kvm.events import DirtyLogRead
from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.host_operands import GFN, memslots
from kvmdbg.machine.kvm.state import Kvm, Vcpu

ON: Final = "on"
OFF: Final = "off"
GET: Final = "get"
WORDS: Final = (ON, OFF, GET)
DEED: Final = OperandType("deed", "on, off or get", lambda text: text.lower() if text.lower() in WORDS else None, WORDS)


@host_event("dirty-log", operands=(DEED, optional(GFN)), of_vm=True,
            source="kvm_main.c: kvm_get_dirty_log(); mmu.c: kvm_mmu_slot_remove_write_access(); kvm.md D, J.2.11")
def happen(kvm: Kvm, vcpu: Vcpu, deed: str, gfn: int | None) -> None:
    """Dirty logging of the slot that begins at a frame (the first slot): on and get take the right to write away, and flush."""
    base = gfn if gfn is not None else next((base for base, _ in kvm.memslots.items()), 0)
    if base not in kvm.memslots:
        raise UserError(f"host dirty-log: no slot begins at gfn {base:#x}", f"The VM's memory: {memslots(kvm)}.")
    logging = base in kvm.dirty_logs
    if logging == (deed == ON):
        raise UserError(f"host dirty-log: the slot at gfn {base:#x} is {'logged already' if logging else 'not logged'}",
                        f"`host dirty-log {OFF if logging else ON} {base:#x}` changes that.")
    if deed == ON:
        enable_log_dirty(kvm, base)
    elif deed == OFF:
        disable_log_dirty(kvm, base)
    else:
        kvm.emit(DirtyLogRead, base, get_dirty_log(kvm, base))
