"""Who changed a table, and which kernel function owed a flush."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.events import VmEntered
from kvmdbg.machine.kvm.events import Decided, GuestWrote, NestedEntered, NestedExited
from kvmdbg.oracle.closing import Closing
from kvmdbg.oracle.components import Cached
from kvmdbg.oracle.index import Index
from kvmdbg.tape import Record

TRANSITIONS: Final = ("nested_vmx_transition_tlb_flush", "prepare_vmcs02", "load_vmcs12_host_state")
NEAR: Final = 400                # entries of one nested transition, at most
HANDLERS: Final = {"invvpid": "handle_invvpid", "invept": "handle_invept", "ept violation": "nested_ept_inject_page_fault",
                   "mov cr0": "kvm_post_set_cr0", "mov cr3": "kvm_set_cr3", "mov cr4": "kvm_post_set_cr4",
                   "#pf": "kvm_inject_page_fault", "pv flush": "record_steal_time"}


def writer(index: Index, cpu: int, position: int) -> str:
    """The level whose software made the change at `position`: "L1", "L2", or "L0" for KVM."""
    entries = index.kvm.tape.entries
    owner, key, old, new = entries[position]
    context = index.contexts.anywhere(cpu, position)
    if isinstance(owner, Record) and context is not None:
        return context.name
    if owner is VmEntered:
        return "L1" if _after_transition(index, position) or context is None else context.name
    word = _debugger_word(index, position)
    if word:
        return "L1" if word == "ept12" else word
    return "L0" if context is None or owner is not index.kvm.hw.memory or not _guest_page(index, key, position) else context.name


def _after_transition(index: Index, position: int) -> bool:
    """Was there a nested entry or exit since the VM entry before this one?"""
    entries = index.kvm.tape.entries
    for at in range(position - 1, -1, -1):
        if entries[at][0] in (NestedEntered, NestedExited):
            return True
        if entries[at][0] is VmEntered:
            return False
    return False


def _debugger_word(index: Index, position: int) -> str:
    """The level that a `pte`, `map` or `poke` spoke for; "" when the write is none of theirs.

    Between the event and the write a page may be taken for the address that was never touched before.
    """
    entries = index.kvm.tape.entries
    for at in range(position - 1, max(position - 8, -1), -1):
        if entries[at][0] is GuestWrote:
            return str(entries[at][2][0])
        if entries[at][1] is None or entries[at][0] is index.kvm.hw.memory:
            return ""
    return ""


def _guest_page(index: Index, pa: int, position: int) -> bool:
    """Was it memory of the VM? KVM writes there in the guest's stead only, and elsewhere the guest cannot."""
    return index.value_at(index.kvm.gfn_of, pa & ~0xFFF, position) is not None


def transition_function(index: Index, position: int) -> str:
    """The kernel function that decided about the flush of the nested transition around `position`."""
    entries = index.kvm.tape.entries
    nearest = sorted(range(max(position - NEAR, 0), min(position + NEAR, len(entries))), key=lambda at: abs(at - position))
    for at in nearest:
        if entries[at][0] is Decided and entries[at][2][1] in TRANSITIONS and "which" not in entries[at][2][2]:
            return str(entries[at][2][1])
    return TRANSITIONS[0]


def flush_owner(index: Index, cached: Cached, ended: Closing, changed_by: int) -> str:
    """The kernel function that owed the flush for a window that is closed."""
    if ended.by in ("nested entry", "nested exit"):
        return transition_function(index, ended.position)
    if ended.by == "vm entry":
        stack = index.kvm.tape.stack(changed_by)
        return stack[0].function if stack else "kvm_flush_remote_tlbs"
    return "prepare_vmcs02" if ended.executed else HANDLERS.get(ended.by, "vmx_handle_exit")
