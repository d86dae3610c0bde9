"""Guest state that no processor enters."""

from __future__ import annotations

import pytest

from events_support import in_l2, rounds, story
from kvm_support import EPT12, Machine, decided
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import CPU_SECONDARY_CONTROLS, SEC_ENABLE_EPT, SEC_UNRESTRICTED_GUEST
from kvmdbg.machine.kvm.guest_state_valid import SEGMENT_CHECKS, invalid_segment


def test_what_is_looked_at() -> None:
    assert len(SEGMENT_CHECKS) > 20


@pytest.mark.parametrize("name", ["v5.16", "v6.12"])
def test_user_space_makes_tr_of_l2_unusable(name: str) -> None:
    """vmx_invalid_nested_guest_state.c of the selftests; cd0e615c49e5."""
    m = in_l2(name)
    m.host("set-sregs TR=unusable")
    problem = invalid_segment(m.kvm, m.vcpu)
    assert problem is not None and "GUEST_TR_AR_BYTES" in problem.text
    events = rounds(m)[1]
    assert story(events)[0] == "L1 sees 2"
    assert [answer for answer, _ in decided(events, "vmx_emulation_required")] == ["no"]
    assert (m.vcpu.emulation_required, m.vcpu.exit_to_user, m.vcpu.guest_mode) == (False, "", False)
    m.run("nop")


def test_an_unrestricted_l2_is_left_to_the_processor() -> None:
    m = Machine().given_vmx()
    m.given_l2(eptp=EPT12, vpid=None, CPU_BASED_VM_EXEC_CONTROL=CPU_SECONDARY_CONTROLS,
               SECONDARY_VM_EXEC_CONTROL=SEC_ENABLE_EPT | SEC_UNRESTRICTED_GUEST).enter()
    m.host("set-sregs TR=unusable")
    assert story(rounds(m)[1])[0] == "L1 sees 2147483681"


def test_older_kernels_would_emulate() -> None:
    m = in_l2("v5.14")
    m.host("set-sregs TR=unusable")
    with pytest.raises(Unsupported):
        rounds(m)
