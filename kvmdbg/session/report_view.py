"""What a report may see of a session: the machine at the cursor, who is looked at, and since when changes count."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from kvmdbg.machine.hw.controls import EXIT_REASON_FAILED_VMENTRY, exit_reason_name
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import VMX_NON_ROOT
from kvmdbg.machine.kvm.state import INVALID_PAGE, VMCS01, VMCS02, Kvm, Vcpu, level_of
from kvmdbg.session.breakpoints import Breakpoint
from kvmdbg.session.changes import Changes, changes
from kvmdbg.tape import Tape


class View(Protocol):
    """The read-only part of a Session that reports use."""

    @property
    def kvm(self) -> Kvm: ...
    @property
    def tape(self) -> Tape: ...
    @property
    def current_vcpu(self) -> int: ...
    @property
    def breakpoints(self) -> Iterable[Breakpoint]: ...
    @property
    def printed(self) -> frozenset[int]:
        """Fields of vmcs01 that the dump had with which the machine began; none: there was no dump."""
        ...
    @property
    def stop_position_before(self) -> int:
        """Position of the stop before this one: what differs from it carries a change mark."""
        ...


def since_last_stop(view: View) -> Changes:
    """What differs from the stop before."""
    return changes(view.tape, view.stop_position_before)


def current_vcpu(view: View) -> Vcpu:
    """The vCPU that is looked at."""
    return view.kvm.vcpus[view.current_vcpu]


def hexadecimal(value: int, none: int = -1) -> str:
    """Hexadecimal digits without a prefix, as tables show addresses; "-" for `none`."""
    return "-" if value == none else f"{value:x}"


def regions_of(kvm: Kvm, vcpu: Vcpu) -> dict[str, int]:
    """Host-physical addresses of the vCPU's VMCS regions by name; vmcs02 only once it is allocated."""
    regions = {VMCS01: kvm.vmcs01(vcpu)}
    return regions if vcpu.vmcs02 == INVALID_PAGE else regions | {VMCS02: vcpu.vmcs02}


def loaded_field(kvm: Kvm, vcpu: Vcpu, encoding: int) -> int:
    """A field of the VMCS that the vCPU has loaded, whether or not it is current on a processor."""
    value: int = kvm.hw.vmcs.get((regions_of(kvm, vcpu).get(vcpu.loaded_vmcs, INVALID_PAGE), encoding), 0)
    return value


def in_guest(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Does the vCPU's guest run on its processor right now (VMX non-root operation)?"""
    if vcpu.cpu < 0 or kvm.cpu(vcpu).vmx != VMX_NON_ROOT:
        return False
    return kvm.cpu(vcpu).current_vmcs in regions_of(kvm, vcpu).values()


def runs(kvm: Kvm, vcpu: Vcpu) -> str:
    """Which level's software the vCPU executes: "L0" outside the guest, else "L1" or "L2"."""
    return f"L{level_of(vcpu)}" if in_guest(kvm, vcpu) else "L0"


def exit_text(reason: int) -> str:
    """An exit reason as a person reads it: "53 INVVPID", "failed entry 33 INVALID_STATE"."""
    failed = "failed entry " if reason & EXIT_REASON_FAILED_VMENTRY else ""
    return f"{failed}{reason & 0xFFFF} {exit_reason_name(reason)}"


def vpid_owner(kvm: Kvm) -> Callable[[int], str]:
    """A function from a VPID to whose it is: "vpid01", "vpid02" (with the vCPU where there are several), "host", "?"."""
    owners = {0: "host"}
    for vcpu in kvm.vcpus:
        suffix = f" vcpu{vcpu.id}" if len(kvm.vcpus) > 1 else ""
        for name, vpid in (("vpid02", vcpu.vpid02), ("vpid01", vcpu.vpid)):
            if vpid:
                owners[vpid] = name + suffix
    return lambda vpid: owners.get(vpid, "freed")


def current_vpid(kvm: Kvm, vcpu: Vcpu) -> int:
    """The VPID that tags what the vCPU's guest caches: the processor's while it runs, else that of the loaded VMCS."""
    return kvm.cpu(vcpu).vpid if in_guest(kvm, vcpu) else loaded_field(kvm, vcpu, F.VIRTUAL_PROCESSOR_ID)
