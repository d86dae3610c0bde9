"""host nested-state: user space saves a vCPU's nested state, or gives it back, as live migration does."""

from __future__ import annotations

from typing import Any

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.operands import OperandType, optional, value_64
from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.nested_state import OFF, kvm_set_nested_state, vmx_get_nested_state
from kvmdbg.machine.kvm.state import Kvm, NestedState, Vcpu
from kvmdbg.machine.kvm.user_space import leave_kvm_run, returned

WORDS = ("save", "restore")
FIELDS = tuple(name for name in NestedState._fields if name not in ("vmcs12", "shadow_vmcs12"))


def change_of(text: str) -> tuple[str, int] | None:
    """`flags=0x3`: a field of the state and its value."""
    name, _, digits = text.partition("=")
    value = value_64(digits) if name in FIELDS else None
    return None if value is None else (name, value)


WHAT = OperandType("what", "save or restore", lambda text: text if text in WORDS else None, WORDS)
CHANGE = optional(OperandType("field=value", f"one of {', '.join(FIELDS)}, = and a number: a change before it is restored",
                              change_of, tuple(f"{name}=" for name in FIELDS)))


@host_event("nested-state", operands=(WHAT, CHANGE, CHANGE, CHANGE, CHANGE),
            source="nested.c: vmx_get_nested_state(), vmx_set_nested_state()")
def happen(kvm: Kvm, vcpu: Vcpu, what: str, *changes: tuple[str, int] | None) -> None:
    """KVM_GET_NESTED_STATE or KVM_SET_NESTED_STATE; the vCPU comes out of KVM_RUN for it.

    What was saved is kept; `restore` gives it back, with fields changed as told, or without a `save` the state of no nesting.
    """
    if not kvm.era.has_nested_state_ioctls():
        raise UserError(f"{kvm.era.name} has no KVM_{'GET' if what == 'save' else 'SET'}_NESTED_STATE", "It came with v4.19.")
    leave_kvm_run(kvm, vcpu)
    if what == "save":
        vcpu.saved_nested_state = vmx_get_nested_state(kvm, vcpu)
        returned(kvm, vcpu, "KVM_GET_NESTED_STATE", "")
        return
    fields: dict[str, Any] = dict(filter(None, changes))
    state = (vcpu.saved_nested_state or OFF)._replace(**fields)
    returned(kvm, vcpu, "KVM_SET_NESTED_STATE", kvm_set_nested_state(kvm, vcpu, state))
