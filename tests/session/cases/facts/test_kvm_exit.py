"""KVM_RUN has returned to user space."""

from __future__ import annotations

from casework import observe, verdict
from kvmdbg.session.cases.fact import OUTCOMES


def test_a_triple_fault_of_l1() -> None:
    found = verdict("L1: vmxoff", "L1: goes on", "host: inject SMI", given={},
                    expect=[{"step": 3, "outcome": "KVM_EXIT_SHUTDOWN"}])
    assert found.status == "FAIL" and "KVM_RUN goes on: the SMM handler runs" in found.reason
    *_, seen = observe("L1: nop")
    seen.vcpu.exit_to_user = "KVM_EXIT_SHUTDOWN (triple fault)"
    assert OUTCOMES["KVM_EXIT_SHUTDOWN"](seen) == ""
    assert OUTCOMES["KVM_EXIT_INTERNAL_ERROR"](seen) == "KVM_EXIT_SHUTDOWN (triple fault)"


def test_vmcs12s_apic_access_page_that_is_no_memory() -> None:
    """vmx_apic_access_test.c of the selftests."""
    found = verdict("L1: vmwrite APIC_ACCESS_ADDR 1 << 45; virtualize APIC accesses enabled; vmlaunch",
                    expect=[{"step": 1, "outcome": "KVM_EXIT_INTERNAL_ERROR"}])
    assert (found.status, found.reason) == ("ok", "")


def test_a_port() -> None:
    (seen,) = observe("L1: nop")
    assert OUTCOMES["KVM_EXIT_IO"](seen) == "no port was asked for: it runs"
    (seen,) = observe("L2: in (exit to userspace)")
    assert OUTCOMES["KVM_EXIT_IO"](seen) == ""
