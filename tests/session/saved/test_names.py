"""Names for numbers."""

from __future__ import annotations

from kvmdbg.machine.hw.fields import F
from kvmdbg.session.saved.names import key_text, meaning, named_value, number_names, place
from kvmdbg.session.saved.writing import value_text
from session_support import L2, session


def test_fields_and_requests_of_the_kernel_stand_for_numbers() -> None:
    s = session(kernel="v6.12")
    names = number_names(s.kvm)
    assert names["GUEST_CR3"] == F.GUEST_CR3 and names["TLB_FLUSH_GUEST"] == 1 << s.kvm.era.request_bits()["TLB_FLUSH_GUEST"]
    assert "TLB_FLUSH_GUEST" not in number_names(session(kernel="v4.4").kvm)


def test_requests_are_written_as_names() -> None:
    kvm = session(kernel="v6.12").kvm
    vcpu = kvm.vcpus[0]
    both = number_names(kvm)["EVENT"] | number_names(kvm)["TLB_FLUSH"]
    assert set(named_value(kvm, vcpu, "requests", both).split(" | ")) == {"EVENT", "TLB_FLUSH"}
    assert named_value(kvm, vcpu, "cr3", both) == named_value(kvm, vcpu, "requests", 0) == ""
    assert named_value(kvm, vcpu, "requests", 1 << 62) == hex(1 << 62)


def test_keys_and_remarks() -> None:
    s = session(*L2, "goto end")
    hw = s.kvm.hw
    assert key_text(hw.vmcs, (0x1000, F.GUEST_CR3), value_text) == "(0x1000, GUEST_CR3)"
    assert key_text(hw.memory, 0x1000, value_text) == "0x1000"
    assert meaning(hw.vmcs, (0x1000, F.VM_EXIT_REASON), 0x8000_0021) == "INVALID_STATE"
    assert meaning(hw.vmcs, (0x1000, F.GUEST_CR0), 0x8000_0001) == "PE PG"
    assert meaning(hw.cpus[0], "cr0", 1) == "PE" and meaning(hw.cpus[0], "rip", 1) == meaning(hw.memory, 8, 1) == ""
    assert place(s.kvm, hw.vmcs, (s.kvm.vmcs01(s.kvm.vcpus[0]), 0)) == "vmcs01 of vcpu0 at 0xf0000000"
    assert place(s.kvm, hw.memory, s.kvm.pages[3] + 8).endswith(": guest page 0x3000")
    assert place(s.kvm, hw.launch_state, 0) == ""
