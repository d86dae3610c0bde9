"""The functions that expressions may call; those over the tape are in names.py."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final

from kvmdbg.errors import UserError
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest
from kvmdbg.session.parse import did_you_mean
from kvmdbg.session.scope import Scope
from kvmdbg.session.views import RecordView


def plain_number(value: Any) -> Any:
    """What arithmetic works on: a vCPU or processor stands for its number."""
    return value.number if isinstance(value, RecordView) else value


def _pending(scope: Scope, name: str, vcpu: Any = None) -> bool:
    """pending("TLB_FLUSH"[, vcpu1]): is the request pending?"""
    target = scope.vcpu if vcpu is None else scope.kvm.vcpus[operator.index(plain_number(vcpu))]
    bits = scope.kvm.era.request_bits()
    name = name.upper().removeprefix("KVM_REQ_")
    if name not in bits:
        raise UserError(f"this kernel has no request {name!r}", did_you_mean(name, bits))
    scope.reads.note(target, "requests")
    return bool(target.requests >> bits[name] & 1)


def _gpa(scope: Scope, address: int) -> int:
    """gpa(ADDRESS): the 64 bits at an L1 guest-physical address."""
    scope.reads.note(scope.kvm.hw.memory)
    scope.reads.note(scope.kvm.pages)
    found = kvm_read_guest(scope.kvm, operator.index(address))
    if found is None:
        raise UserError(f"gpa {address:#x} is outside the guest's memory", f"It ends at {scope.kvm.config.memory:#x}.")
    return found


def _hpa(scope: Scope, address: int) -> int:
    """hpa(ADDRESS): the 64 bits at a host-physical address."""
    scope.reads.note(scope.kvm.hw.memory)
    return int(scope.kvm.hw.memory.get(operator.index(address) & ~7, 0))


def _stat(scope: Scope, name: str, vcpu: Any = None) -> int:
    """stat("tlb_flush"[, vcpu]): a KVM statistic, of one vCPU, else the sum over the vCPUs and the VM."""
    scope.reads.note(scope.kvm.stats)
    wanted = None if vcpu is None else operator.index(plain_number(vcpu))
    return sum(value for (owner, stat), value in scope.kvm.stats.unordered() if stat == name and wanted in (None, owner))


def _simple(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda scope, *arguments: function(*map(plain_number, arguments))


CALLS: Final[dict[str, Callable[..., Any]]] = {
    "pending": _pending, "gpa": _gpa, "hpa": _hpa, "stat": _stat, "len": lambda scope, value: len(value),
    "abs": _simple(abs), "min": _simple(min), "max": _simple(max),
    "bit": _simple(lambda number: 1 << number if 0 <= number < 64 else 0),
    "bool": lambda scope, value: bool(value)}
