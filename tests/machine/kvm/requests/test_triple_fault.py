"""KVM_REQ_TRIPLE_FAULT."""

from __future__ import annotations

import pytest

from events_support import ALL, in_l2, rounds, story
from kvm_support import Machine
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.user_space import leave_kvm_run

L2_KILLED_L1 = ("v3.1", "v3.2", "v4.3", "v4.4", "v4.15", "v5.7", "v5.8", "v5.10")


@pytest.mark.parametrize("name", ALL)
def test_that_of_l1_ends_kvm_run(name: str) -> None:
    m = Machine(name)
    m.run("nop")
    leave_kvm_run(m.kvm, m.vcpu)
    kvm_make_request(m.kvm, m.vcpu, "TRIPLE_FAULT", "a test")
    assert story(rounds(m)[1]) == []
    assert m.vcpu.exit_to_user == "KVM_EXIT_SHUTDOWN (triple fault)"


@pytest.mark.parametrize("name", ALL)
def test_that_of_l2_is_l1s_since_v5_13(name: str) -> None:
    m = in_l2(name)
    leave_kvm_run(m.kvm, m.vcpu)
    kvm_make_request(m.kvm, m.vcpu, "TRIPLE_FAULT", "a test")
    if name in L2_KILLED_L1:
        assert story(rounds(m)[1]) == []
        assert m.vcpu.exit_to_user == "KVM_EXIT_SHUTDOWN (triple fault)"
    else:
        assert story(rounds(m)[1])[0] == "L1 sees 2"
        assert (m.vcpu.exit_to_user, m.vmread("VM_EXIT_INTR_INFO"), m.pending()) == ("", 0, [])
