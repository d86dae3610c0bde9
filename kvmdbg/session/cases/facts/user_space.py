"""`ok`, `EINVAL`; `vmxon_pa`, `vmcs12_pa` of the state of nesting: what an ioctl gave user space."""

from __future__ import annotations

from kvmdbg.machine.kvm.nested_state import OFF
from kvmdbg.machine.kvm.state import NestedState
from kvmdbg.session.cases.fact import Observed, key, outcome
from kvmdbg.session.cases.model import Value


@outcome("ok")
def ok(observed: Observed) -> str:
    """The ioctl succeeds."""
    return _returned(observed, "ok")


@outcome("EINVAL")
def einval(observed: Observed) -> str:
    """The ioctl refuses its argument."""
    return _returned(observed, "EINVAL")


@outcome("EINTR")
def eintr(observed: Observed) -> str:
    """KVM_RUN returned before the guest ran."""
    return _returned(observed, "EINTR")


@outcome("EFAULT")
def efault(observed: Observed) -> str:
    """The ioctl was given a pointer to nothing."""
    return _returned(observed, "EFAULT")


@key("vmxon_pa")
def vmxon_pa(observed: Observed, wanted: Value) -> str:
    """Of the state that user space read."""
    return same_address(observed, saved(observed).vmxon_pa, wanted)


@key("vmcs12_pa")
def vmcs12_pa(observed: Observed, wanted: Value) -> str:
    """Of the state that user space read."""
    return same_address(observed, saved(observed).vmcs12_pa, wanted)


def saved(observed: Observed) -> NestedState:
    """What user space read last."""
    return observed.vcpu.saved_nested_state or OFF


def same_address(observed: Observed, seen: int, wanted: Value) -> str:
    """Compare 64 bits: `~0` is all ones."""
    return "" if seen == observed.binding.number64(str(wanted)) else f"{seen:#x}"


def _returned(observed: Observed, wanted: str) -> str:
    seen = observed.last.value
    return "" if seen == wanted else f"{seen if seen is not None else observed.seen}"
