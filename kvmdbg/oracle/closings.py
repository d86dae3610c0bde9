"""Which operations ended the time in which a level must expect stale translations (architecture.md C.3, "Windows by component").

A closing is an operation that a level *completed*, on the virtual processor that KVM gives it, and that the manual lists with "must
invalidate".  Tags are the level's own: L1 runs with VPID 0000H, L2 with vmcs12's VPID or with 0000H.  Who executed it, the
processor or KVM in its place, makes no difference.  What faulted, failed or gave way to a VM exit closes nothing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple, Protocol

from kvmdbg.machine.hw import controls as c
from kvmdbg.machine.hw.events import Faulted, Invalidated, Retired, VmEntered, VmExited
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.tlb import ALL_GLOBALS, NO_GLOBALS, NONZERO_VPID, OWN_GLOBALS
from kvmdbg.machine.hw.tlbkey import COMBINED, GUEST_PHYSICAL, LINEAR, NONE
from kvmdbg.machine.kvm.events import (
    ExceptionInjected,
    ExitHandled,
    GuestInvalidated,
    NestedEntered,
    NestedExited,
    NestedFailed,
    NestedLeft,
)
from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.oracle.closing import ANY, Closing, CrAccess, cr_scope
from kvmdbg.oracle.contexts import Context, Contexts

BY_VPID: Final = (LINEAR, COMBINED)
BY_EPT: Final = (GUEST_PHYSICAL, COMBINED)
# Kinds of mappings of VPID 0000H that go.
OF_VPID_0: Final = {"vmfunc": (COMBINED,), "smi": BY_VPID, "init": BY_VPID, "reset": BY_VPID}
OF_EVERY_VPID: Final = ("rsm",)
TRANSLATION: Final = 1 << 8              # qualification of an EPT violation: the access was to a linear address' translation
LA_VALID: Final = 1 << 7
GLOBALS_OF_INVPCID: Final = {"individual-address": NO_GLOBALS, "single-context": NO_GLOBALS,
                             "all-context-including-globals": ALL_GLOBALS, "all-context": NO_GLOBALS}


class State(NamedTuple):
    """What the reader of the tape knows at one position."""

    executing: dict[int, Closing]                # cpu -> what the instruction that is executing has invalidated
    emulating: dict[int, CrAccess]               # vcpu -> MOV CR under emulation

    def copy(self) -> State:
        return State(dict(self.executing), dict(self.emulating))


class Reader(Protocol):
    """What this module needs of the index."""

    contexts: Contexts

    @property
    def kvm(self) -> Kvm: ...

    def value_at(self, owner: Any, key: Any, position: int, default: Any = None) -> Any: ...

    def field_at(self, owner: Any, key: str, position: int) -> Any: ...


class Closings:
    """Every closing, in order."""

    def __init__(self, index: Reader) -> None:
        self.index = index
        self.contexts = index.contexts
        self.all: list[Closing] = []
        self.state = State({}, {})

    def save(self) -> State:
        return self.state.copy()

    def restore(self, position: int, state: State) -> None:
        """Forget what was completed at `position` or later."""
        self.state = state.copy()
        del self.all[bisect_left(self.all, position, key=_position):]

    def handlers(self) -> dict[Any, Callable[[int, Any, Any, Any], None]]:
        """What reads an entry, by its owner."""
        enter, leave = self.contexts.handlers()[VmEntered], self.contexts.handlers()[VmExited]

        def vm_entered(position: int, key: Any, args: Any, new: Any) -> None:
            self._emulated(position, args[0])
            enter(position, key, args, new)

        def vm_exited(position: int, key: Any, args: Any, new: Any) -> None:
            self.state.executing.pop(args[0], None)
            leave(position, key, args, new)

        read: dict[type, Callable[[int, Any], None]] = {
            Invalidated: self._invalidated, Retired: self._retired, Faulted: self._faulted, ExceptionInjected: self._injected,
            GuestInvalidated: self._guest_invalidated, NestedEntered: self._nested_entered, NestedExited: self._nested_exited,
            NestedLeft: self._nested_left, NestedFailed: self._nested_failed, ExitHandled: self._exit_handled}
        return {VmEntered: vm_entered, VmExited: vm_exited, **{kind: _of(kind, reader) for kind, reader in read.items()}}

    # -- executed by the processor in the guest --------------------------------------------------------------------

    def _invalidated(self, position: int, event: Invalidated) -> None:
        context = self.contexts.current(event.cpu)
        if event.cpu not in self.contexts.state.running or context is None:
            return
        globals_ = {"invlpg": ALL_GLOBALS, "mov cr0": ALL_GLOBALS, "mov cr3": NO_GLOBALS,
                    "mov cr4": ALL_GLOBALS if event.pcid == NONE else OWN_GLOBALS,
                    "invpcid": GLOBALS_OF_INVPCID.get(event.type, ALL_GLOBALS)}.get(event.by)
        if globals_ is not None:
            what = f"{context.name}'s {event.by.upper()}" + (f" {event.address:#x}" if event.address != NONE else "")
            self.state.executing[event.cpu] = Closing(position, context.vcpu, event.by, what, True, BY_VPID, context.vpid12,
                                                      event.pcid, ANY, event.address, globals_)

    def _retired(self, position: int, event: Retired) -> None:
        closing = self.state.executing.pop(event.cpu, None)
        if closing is not None:
            self.all.append(closing._replace(position=position))

    def _faulted(self, position: int, event: Faulted) -> None:
        self.state.executing.pop(event.cpu, None)
        context = self.contexts.current(event.cpu)
        if event.vector == "#PF" and context is not None:
            self._page_fault(position, context, event.address, executed=True)

    def _page_fault(self, position: int, context: Context, address: int, executed: bool) -> None:
        self.all.append(Closing(position, context.vcpu, "#pf", f"#PF of {context.name} on {address:#x}", executed, BY_VPID,
                                context.vpid12, context.own_pcid, ANY, address, OWN_GLOBALS))

    # -- done by KVM in its place ----------------------------------------------------------------------------------

    def _injected(self, position: int, event: ExceptionInjected) -> None:
        self.state.emulating.pop(event.vcpu, None)
        context = self._context_of(event.vcpu)
        if event.vector == "#PF" and context is not None:
            self._page_fault(position, context, event.address, executed=False)

    def _context_of(self, vcpu: int) -> Context | None:
        contexts = (self.contexts.current(cpu) for cpu in self.contexts.of_cpu)
        return next((context for context in contexts if context is not None and context.vcpu == vcpu), None)

    def _guest_invalidated(self, position: int, event: GuestInvalidated) -> None:
        named = f" VPID {event.vpid}" if event.vpid != NONE else f" EP4TA {event.ep4ta:#x}" if event.ep4ta != NONE else ""
        what = f"L{event.level}'s {event.by.upper()} {event.type}{named}"
        if event.by == "invept":
            self.all.append(Closing(position, event.vcpu, event.by, what, False, BY_EPT, ep4ta=event.ep4ta))
            return
        if event.by in ("invlpg", "invpcid"):
            globals_ = ALL_GLOBALS if event.by == "invlpg" else GLOBALS_OF_INVPCID[event.type]
            at = f" {event.address:#x}" if event.address != NONE else f" {event.type}"
            what = f"L{event.level}'s {event.by.upper()}{at}, emulated"
            self.all.append(Closing(position, event.vcpu, event.by, what, False, BY_VPID, event.vpid, event.pcid,
                                    address=event.address, globals_=globals_))
            return
        if event.by in OF_EVERY_VPID or event.by in OF_VPID_0:
            vpid12 = 0 if event.by in OF_VPID_0 else ANY
            self.all.append(Closing(position, event.vcpu, event.by, what, False, OF_VPID_0.get(event.by, BY_VPID), vpid12))
            return
        globals_ = NO_GLOBALS if event.type.endswith("retaining-globals") else ALL_GLOBALS
        vpid = NONZERO_VPID if event.vpid == NONE else event.vpid
        self.all.append(Closing(position, event.vcpu, event.by, what, False, BY_VPID, vpid, address=event.address,
                                globals_=globals_))

    def _nested_entered(self, position: int, event: NestedEntered) -> None:
        self.contexts.nested_entered(position, event.vcpu, event.vpid12)
        if not event.vpid12:
            self._transition(position, event.vcpu, "nested entry", "the VM entry of L1")

    def _transition(self, position: int, vcpu: int, by: str, what: str) -> None:
        self.all.append(Closing(position, vcpu, by, f"{what} with vmcs12's VPID off", False, BY_VPID, 0))

    def _nested_exited(self, position: int, event: NestedExited) -> None:
        self.state.emulating.pop(event.vcpu, None)
        vpid12 = self.contexts.state.nested.get(event.vcpu)
        if vpid12 is None:
            return
        if event.reason & c.EXIT_REASON_FAILED_VMENTRY:
            self._never_entered(position, event.vcpu)
            return
        if event.reason == c.EXIT_REASON_EPT_VIOLATION:
            self._ept_violation(position, event)
        self.contexts.nested_left(position, event.vcpu)
        if not vpid12:
            self._transition(position, event.vcpu, "nested exit", "the VM exit to L1")

    def _nested_left(self, position: int, event: NestedLeft) -> None:
        """No VM exit of L1's processor: it is in system-management mode, or out of VMX operation."""
        self.state.emulating.pop(event.vcpu, None)
        self.contexts.nested_left(position, event.vcpu)

    def _ept_violation(self, position: int, event: NestedExited) -> None:
        """Reflected to L1: its processor forgets the guest-physical address, and the linear one that it was the translation of."""
        context = self._context_of(event.vcpu)
        if context is None:
            return
        region = next((region for region, vcpu in self.contexts.state.regions.items() if vcpu == event.vcpu), 0)
        vmcs = self.index.kvm.hw.vmcs
        gpa, gla = (int(self.index.value_at(vmcs, (region, field), position, 0))
                    for field in (F.GUEST_PHYSICAL_ADDRESS, F.GUEST_LINEAR_ADDRESS))
        what = f"the EPT violation at {gpa:#x} that L1 got"
        self.all.append(Closing(position, event.vcpu, "ept violation", what, False, (GUEST_PHYSICAL,), ep4ta=context.ep4ta12,
                                address=gpa))
        if event.qualification & LA_VALID and event.qualification & TRANSLATION:
            self.all.append(Closing(position, event.vcpu, "ept violation", what, False, (COMBINED,), context.vpid12,
                                    context.own_pcid, context.ep4ta12, gla, OWN_GLOBALS))

    def _nested_failed(self, position: int, event: NestedFailed) -> None:
        """The processor refused vmcs02: for L1 its VMLAUNCH has failed, which invalidates nothing."""
        if event.vcpu in self.contexts.state.nested:
            self._never_entered(position, event.vcpu)

    def _never_entered(self, position: int, vcpu: int) -> None:
        """KVM had made L2 the guest, and the processor found that it cannot be: what the entry would have invalidated stays."""
        self.contexts.nested_left(position, vcpu)
        if self.all and self.all[-1].by == "nested entry" and self.all[-1].vcpu == vcpu:
            self.all.pop()

    def _exit_handled(self, position: int, event: ExitHandled) -> None:
        context = self._context_of(event.vcpu)
        if event.reason != c.EXIT_REASON_CR_ACCESS or context is None:
            return
        insn = self.index.field_at(self.index.kvm.vcpus[event.vcpu], "exit_insn", position)
        register, value = insn.operands
        if register in ("cr0", "cr3", "cr4"):
            cr0, cr4 = self.contexts.state.left_with[context.cpu]
            self.state.emulating[event.vcpu] = CrAccess(context, register, value, cr0, cr4)

    def _emulated(self, position: int, cpu: int) -> None:
        """VM entry: what KVM emulated before it is complete."""
        for vcpu in [vcpu for vcpu, access in self.state.emulating.items() if access.context.cpu == cpu]:
            access = self.state.emulating.pop(vcpu)
            scope = cr_scope(access)
            if scope is not None:
                pcid, globals_ = scope
                what = f"{access.context.name}'s MOV {access.register.upper()}, emulated"
                self.all.append(Closing(position, vcpu, f"mov {access.register}", what, False, BY_VPID, access.context.vpid12, pcid,
                                        globals_=globals_))

    # -- questions -------------------------------------------------------------------------------------------------

    def after(self, start: int, stop: int, fits: Callable[[Closing], bool]) -> Closing | None:
        """The first closing in `start < position < stop` that fits."""
        return next((closing for closing in self.between(start, stop) if fits(closing)), None)

    def between(self, start: int, stop: int) -> Iterator[Closing]:
        """The closings in `start < position < stop`, oldest first."""
        for i in range(bisect_right(self.all, start, key=_position), bisect_left(self.all, stop, key=_position)):
            yield self.all[i]

    def before(self, stop: int, fits: Callable[[Closing], bool]) -> int:
        """Position of the last closing before `stop` that fits; -1 when there is none."""
        last = bisect_left(self.all, stop, key=_position) - 1
        return next((self.all[i].position for i in range(last, -1, -1) if fits(self.all[i])), -1)

    def count(self, stop: int) -> int:
        """How many there are before `stop`."""
        return bisect_left(self.all, stop, key=_position)


def _of(kind: Any, reader: Callable[[int, Any], None]) -> Callable[[int, Any, Any, Any], None]:
    """A handler of tape entries from one of events."""
    return lambda position, key, args, new: reader(position, kind(*args))


def _position(closing: Closing) -> int:
    return closing.position
