"""Why: chains of causes, back along the tape.  Each link names a position, what happened there, the function and its source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.controls import EXIT_REASONS
from kvmdbg.machine.hw.events import Faulted, Hit, Referenced, Retired, VmEntered, VmExited
from kvmdbg.machine.hw.fields import FIELDS
from kvmdbg.machine.hw.tlbkey import GUEST_PHYSICAL, STRUCTURES, TlbKey
from kvmdbg.machine.kvm.events import (
    Decided,
    ExitHandled,
    FlushAsked,
    GuestWrote,
    NestedEntered,
    NestedEntryFailed,
    NestedExited,
    RequestMade,
    RequestServiced,
    RootAllocated,
)
from kvmdbg.machine.kvm.request import REQUESTS
from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.oracle.blame import writer
from kvmdbg.oracle.flushes import NOWHERE, request_made
from kvmdbg.oracle.index import Index, index_of
from kvmdbg.oracle.verdict import describe

HIT_SOURCE: Final = "SDM Vol. 3C 29.4.2"
WALK_SOURCE: Final = "SDM Vol. 3A 4.5, Vol. 3C 29.3"
EXIT_SOURCE: Final = "vmx.c: vmx_handle_exit()"
# functions that only carry out what their caller decided
PLUMBING: Final = frozenset({"write", "put", "read", "insert", "_put", "remove", "write64", "vmcs_write", "count", "<genexpr>",
                             "<lambda>"})
STEPS: Final = (Decided, FlushAsked, NestedEntered, NestedEntryFailed, NestedExited, GuestWrote)


class Link(NamedTuple):
    """One link of a chain of causes."""

    position: int
    text: str
    function: str                # of the model, which is the kernel's or the manual's
    source: str                  # section of the manual, kernel function, commit


# -- a cached translation ------------------------------------------------------------------------------------------


def why_entry(kvm: Kvm, key: TlbKey, cpu: int = 0, position: int | None = None) -> tuple[Link, ...]:
    """Why a translation is cached as of `position`, the cursor by default: its fill, the access, the table entries, their writers.

    raises: UserError when it is not cached.
    """
    index = index_of(kvm)
    at = kvm.tape.cursor if position is None else position
    entry = index.entry_at(cpu, key, at)
    if entry is None:
        raise UserError(f"processor {cpu} has no {describe(key)} at #{at}", "`info tlb` lists what is cached.")
    filled = index.filled_at(cpu, key, at)
    if filled < 0:
        return (Link(0, f"{describe(key)} was cached before the tape began", "", ""),)
    context = index.contexts.at(cpu, filled)
    who = context.name if context is not None else "the host"
    text = f"{who} cached the {describe(key)}: frame {entry.frame:#x}"
    first = Link(filled, text, function_at(kvm, filled, "insert"), HIT_SOURCE)
    return (first, *access(kvm, index, cpu, filled, key), *before(kvm, index, filled))


def access(kvm: Kvm, index: Index, cpu: int, filled: int, key: TlbKey) -> Iterator[Link]:
    """The references of the walk that ended in the fill, last one first, each with the last write to what it read."""
    entries = kvm.tape.entries
    for at in range(filled - 1, -1, -1):
        owner, _, args, _ = entries[at]
        if owner in (VmEntered, VmExited, Retired, Faulted):
            return
        if owner is Referenced and args[0] == cpu and concerns(Referenced(*args), key):
            yield reference(kvm, index, cpu, at, Referenced(*args))
        elif owner is Hit and args[0] == cpu:
            yield Link(at, f"through the {describe(args[1])} that was cached", function_at(kvm, at, "translate"), HIT_SOURCE)
        if key.kind == GUEST_PHYSICAL and begins_in_ept(owner, args):
            return


def concerns(read: Referenced, key: TlbKey) -> bool:
    """Did the reference belong to what was cached? Nothing below an entry of a paging-structure cache did."""
    if key.kind == GUEST_PHYSICAL:
        return read.structure == "ept" and read.level >= key.table_level
    return read.structure == "ept" or read.level >= key.table_level


def begins_in_ept(owner: Any, args: Any) -> bool:
    """Is it the first thing that a walk of EPT did: read the root, or begin below a cached entry of an upper level?"""
    if owner is Hit:
        return bool(args[1].kind == GUEST_PHYSICAL and args[1].table_level)
    return owner is Referenced and args[1] == "ept" and args[2] == 4


def reference(kvm: Kvm, index: Index, cpu: int, at: int, read: Referenced) -> Link:
    """One table entry that the walk read."""
    written = index.last_write(kvm.hw.memory, read.pa, at)
    by = f", written at #{written} by {writer(index, cpu, written)}" if written >= 0 else ", as it was when the tape began"
    name = STRUCTURES.get(read.level, f"level {read.level}")
    text = f"{read.structure} {name} at {read.pa:#x} was {read.value:#x}{by}"
    return Link(at, text, function_at(kvm, at, "software_walk"), WALK_SOURCE)


# -- requests and fields -------------------------------------------------------------------------------------------


def why_request(kvm: Kvm, name: str, vcpu: int = 0, position: int | None = None) -> tuple[Link, ...]:
    """Why KVM_REQ_`name` is set as of `position`, or was when it was made last.  raises: UserError when it never was."""
    at = kvm.tape.cursor if position is None else position
    name = name.upper().removeprefix("KVM_REQ_")
    made, by = request_made(kvm, at, vcpu, name)
    if made == NOWHERE:
        last = next((p for p in range(at - 1, -1, -1) if kvm.tape.entries[p][0] is RequestMade
                     and kvm.tape.entries[p][2][:2] == (vcpu, name)), NOWHERE)
        if last == NOWHERE:
            raise UserError(f"nobody has made KVM_REQ_{name} on vcpu{vcpu} by #{at}", "`info requests` lists what is pending.")
        made, by = last, str(kvm.tape.entries[last][2][2])
    return (made_link(made, name, by), *before(kvm, index_of(kvm), made))


def made_link(position: int, name: str, by: str) -> Link:
    request = REQUESTS.get(name)
    source = request.source if request is not None else "kvm_host.h: kvm_make_request()"
    return Link(position, f"{by}() made KVM_REQ_{name}", by, source)


def why_field(kvm: Kvm, region: int, encoding: int, position: int | None = None) -> tuple[Link, ...]:
    """Why a VMCS field has the value that it has as of `position`: the last write of it, and what led there.

    raises: UserError when nothing on the tape has written it.
    """
    at = kvm.tape.cursor if position is None else position
    key, table, entries = (region, encoding & ~1), kvm.hw.vmcs, kvm.tape.entries
    written = next((p for p in range(at - 1, -1, -1) if entries[p][0] is table and entries[p][1] == key), NOWHERE)
    field = FIELDS.get(encoding & ~1)
    name = field.name if field is not None else f"{encoding:#x}"
    if written == NOWHERE:
        raise UserError(f"{name} of the VMCS at {region:#x} has not been written by #{at}", "It has the value of its creation.")
    new = entries[written][3]
    text = f"{name} became {new:#x}" if isinstance(new, int) else f"{name} became 0"
    first = Link(written, text, function_at(kvm, written, "vmcs_write"), "SDM Vol. 3C 24")
    return (first, *before(kvm, index_of(kvm), written))


# -- what led there ------------------------------------------------------------------------------------------------


def before(kvm: Kvm, index: Index, position: int) -> Iterator[Link]:
    """The chain of causes of what happened at `position`, newest first, down to the guest's instruction or a debugger's word.

    Where a request was being served, the chain goes on with whoever made it.
    """
    entries = kvm.tape.entries
    seen: set[type] = set()
    at = position - 1
    while at >= 0:
        owner, _, args, _ = entries[at]
        if owner in STEPS and owner not in seen and ExitHandled not in seen:
            seen.add(owner)
            yield step(kvm, at)
        elif owner is RootAllocated and not seen & {RequestServiced, ExitHandled}:
            seen |= {RootAllocated, RequestServiced, FlushAsked, Decided}        # there was no root: that is cause enough
            yield Link(at, f"a root for {args[3]:#x} was loaded into {args[1]}", "kvm_mmu_load", "mmu.c: kvm_mmu_load()")
        elif owner is RequestServiced and not seen & {ExitHandled, RequestServiced}:
            made, by = request_made(kvm, at, args[0], args[1])
            yield Link(at, f"KVM_REQ_{args[1]} was served", function_at(kvm, at, "kvm_check_request"), "x86.c: vcpu_enter_guest()")
            if made != NOWHERE:
                yield made_link(made, args[1], by)
                at, seen = made, set()
        elif owner is ExitHandled and ExitHandled not in seen:
            seen.add(ExitHandled)
            yield exit_link(kvm, index, at, ExitHandled(*args))
        elif owner in (VmEntered, Retired):
            if owner is VmEntered and ExitHandled not in seen:
                yield from running(kvm, index, at, position)
            return
        at -= 1


def step(kvm: Kvm, at: int) -> Link:
    """A decision, a flush, a nested transition or a debugger's word."""
    event = kvm.tape.event(at)
    match event:
        case Decided():
            return Link(at, f"{event.question} {event.answer}: {event.values}", event.function, event.source)
        case FlushAsked():
            return Link(at, f"{event.hook}() was asked for by {event.by}: {event.scope}", event.hook, f"vmx.c: {event.hook}()")
        case NestedEntered():
            return Link(at, f"L1 entered L2 of the VMCS at {event.vmptr:#x}, VPID {event.vpid12}",
                        function_at(kvm, at, "enter_guest_mode"), "nested.c: nested_vmx_enter_non_root_mode()")
        case NestedEntryFailed():
            return Link(at, f"L1's entry of L2 failed: {reason(event.reason)}", function_at(kvm, at, "nested_vmx_entry_failure"),
                        "nested.c: nested_vmx_enter_non_root_mode()")
        case NestedExited():
            return Link(at, f"L2 exited to L1: {reason(event.reason)}", function_at(kvm, at, "nested_vmx_vmexit"),
                        "nested.c: nested_vmx_vmexit()")
    assert isinstance(event, GuestWrote)
    text = f"{event.level} wrote {event.new:#x} at {event.gpa:#x}, where {event.old:#x} was"
    return Link(at, text, "poke", "a word of the debugger")


def reason(number: int) -> str:
    """Name of an exit reason."""
    return EXIT_REASONS.get(number & 0xFFFF, f"{number:#x}")


def exit_link(kvm: Kvm, index: Index, at: int, event: ExitHandled) -> Link:
    """The VM exit that KVM was handling, with the instruction that caused it."""
    insn = index.field_at(kvm.vcpus[event.vcpu], "exit_insn", at)
    what = f" by `{insn.text}`" if insn.text else ""
    return Link(at, f"VM exit {reason(event.reason)} of L{event.level}{what}", function_at(kvm, at, "vmx_handle_exit"), EXIT_SOURCE)


def running(kvm: Kvm, index: Index, entered: int, position: int) -> Iterator[Link]:
    """The instruction that the guest was executing at `position`."""
    context = next((c for cpu in index.contexts.of_cpu if (c := index.contexts.at(cpu, position)) is not None), None)
    if context is not None:
        program = index.field_at(kvm.vcpus[context.vcpu], "program", position)
        text = f"{context.name} executed `{program[0].text}`" if program else f"{context.name} ran"
        yield Link(entered, text, function_at(kvm, entered, "vm_entry"), "SDM Vol. 3C 26")


def function_at(kvm: Kvm, position: int, otherwise: str) -> str:
    """The model's function at a position, if a debugger listened: the innermost that is more than plumbing."""
    names = (frame.function for frame in kvm.tape.stack(position))
    return next((name for name in names if name not in PLUMBING), otherwise)
