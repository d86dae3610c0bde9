"""Reading and writing a field of the VMCS that is loaded (vmx_ops.h)."""

from __future__ import annotations

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.state import Kvm, Vcpu


def field(name: str) -> int:
    """Encoding of a VMCS field by its Linux name."""
    return int(getattr(F, name))


def read(kvm: Kvm, vcpu: Vcpu, encoding: int) -> int:
    """vmcs_read*(): a field of the VMCS that is loaded."""
    return vmcs.read(kvm.hw, kvm.cpu(vcpu), encoding)


def write(kvm: Kvm, vcpu: Vcpu, encoding: int, value: int) -> None:
    """vmcs_write*(): a field of the VMCS that is loaded."""
    vmcs.write(kvm.hw, kvm.cpu(vcpu), encoding, value)
