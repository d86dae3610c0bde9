"""5a30e8aea079: RSM into L2 checks vmcs12 first."""

from __future__ import annotations

import pytest

from events_support import in_l2
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.controls import PIN_VIRTUAL_NMIS
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.nested_state import SMM_GUEST_MODE, SMM_VMXON, kvm_set_nested_state, vmx_get_nested_state
from kvmdbg.machine.kvm.user_space import leave_kvm_run


def test_before_and_after() -> None:
    assert [kernel(name).checks_vmcs12_before_rsm() for name in ("5a30e8aea079^", "5a30e8aea079", "v6.12")] == [False, True, False]


@pytest.mark.parametrize(("name", "ends"), [("v6.12", ""), ("v6.12 +5a30e8aea079", "KVM_EXIT_SHUTDOWN")])
def test_controls_that_became_bad_in_smm(name: str, ends: str) -> None:
    """evmcs_smm_controls_test.c, by KVM_SET_NESTED_STATE: virtual NMIs without NMI exiting, which the processor does not see."""
    m = in_l2(name)
    m.host("smi")
    m.run("nop")
    leave_kvm_run(m.kvm, m.vcpu)
    state = vmx_get_nested_state(m.kvm, m.vcpu)
    assert state.smm_flags == SMM_GUEST_MODE | SMM_VMXON
    members = dict(state.vmcs12)
    members[F.PIN_BASED_VM_EXEC_CONTROL] = PIN_VIRTUAL_NMIS | 0x16
    assert kvm_set_nested_state(m.kvm, m.vcpu, state._replace(vmcs12=tuple(members.items()))) == ""
    m.run("rsm")
    assert m.vcpu.exit_to_user.startswith(ends) and m.vcpu.guest_mode == (not ends)
