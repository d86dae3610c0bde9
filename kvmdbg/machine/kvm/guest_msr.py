"""What a model-specific register of a guest is: one file of `msr/` declares each, or a family; `vmx_msrs.py` has them all.

`get` gives the register as the guest level that runs has it, None where it has none; `set` writes it, and False asks for #GP(0),
nothing having changed.  Most are one for both levels of a vCPU, as L1's hypervisor has to switch them for its guest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from kvmdbg.catalog import Catalog
from kvmdbg.machine.kvm.state import Kvm, Vcpu

Getter = Callable[[Kvm, Vcpu], int | None]
Setter = Callable[[Kvm, Vcpu, int, bool], bool]          # the bool: host_initiated, user space writes it (KVM_SET_MSRS)


class GuestMsr(NamedTuple):
    """One register that KVM emulates."""

    number: int
    name: str             # the manual's, or Linux's for those that only KVM has
    source: str
    get: Getter
    set: Setter


GUEST_MSRS: Final[Catalog[GuestMsr]] = Catalog("model-specific register of a guest")


def guest_msr(number: int, name: str, *, source: str, get: Getter, set: Setter) -> None:
    """Declare a register."""
    GUEST_MSRS.add(name, GuestMsr(number, name, source, get, set))


def kept(kvm: Kvm, vcpu: Vcpu, number: int, reset: int = 0) -> int:
    """The value of a register that KVM keeps in its own memory; reset: the one that it has in a new vCPU."""
    return int(kvm.msrs.get((vcpu.id, number), reset))


def keep(kvm: Kvm, vcpu: Vcpu, number: int, value: int) -> None:
    """Write a register that KVM keeps in its own memory."""
    kvm.msrs[vcpu.id, number] = value


def refuse(kvm: Kvm, vcpu: Vcpu, value: int, host_initiated: bool) -> bool:
    """The setter of a register that cannot be written."""
    return False
