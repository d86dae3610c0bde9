"""The state as expressions see it."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.fields import F
from kvmdbg.session.expr import evaluate
from kvmdbg.session.views import (
    Mask,
    Reads,
    cpu_view,
    mmu_view,
    request_names,
    show,
    show_cached,
    tlb_rows,
    vcpu_view,
    vmcs12_view,
    vmcs_view,
)
from session_support import L2, session

S = session(*L2)
KVM = S.kvm
VCPU = KVM.vcpus[0]


def test_a_record_has_its_fields_and_nothing_else() -> None:
    view = vcpu_view(KVM, VCPU, Reads())
    assert view.part("vpid02") == 2 and view.part("level") == 2
    with pytest.raises(UserError, match="vcpu0 has no 'vpid03'.*vpid02"):
        view.part("vpid03")
    with pytest.raises(UserError):
        view.part("tape")


def test_a_vcpu_equals_its_number() -> None:
    assert vcpu_view(KVM, VCPU, Reads()) == 0
    assert cpu_view(KVM, 0, Reads()) == cpu_view(KVM, 0, Reads())


def test_reads_know_which_entries_could_change_a_value() -> None:
    reads = Reads()
    vcpu_view(KVM, VCPU, reads).part("vpid02")
    assert reads.touched_by(VCPU, "vpid02")
    assert not reads.touched_by(VCPU, "vpid") and not reads.touched_by(KVM.hw.vmcs, "vpid02")
    tlb_rows(KVM, reads)
    assert reads.touched_by(KVM.hw.tlb[0], "anything")


def test_vmcs_fields_by_any_spelling() -> None:
    reads = Reads()
    view = vmcs_view(KVM, VCPU, "vmcs02", reads)
    assert view.part("virtual_processor_id") == view.part("VIRTUAL_PROCESSOR_ID") == 2
    assert reads.touched_by(KVM.hw.vmcs, (VCPU.vmcs02, F.VIRTUAL_PROCESSOR_ID))
    with pytest.raises(UserError, match="EPT_POINTER"):
        view.part("EPT_POINTR")


def test_vmcs12_is_read_from_the_copy_or_from_memory() -> None:
    for kernel in ("v4.4", "v6.12"):
        s = session(*L2, kernel=kernel)
        assert vmcs12_view(s.kvm, s.kvm.vcpus[0], Reads()).part("VIRTUAL_PROCESSOR_ID") == 1


def test_a_vmcs02_that_does_not_exist_reads_as_zero() -> None:
    s = session()
    assert vmcs_view(s.kvm, s.kvm.vcpus[0], "vmcs02", Reads()).part("GUEST_CR3") == 0


def test_mmu_is_the_active_one() -> None:
    assert mmu_view(KVM, VCPU, "mmu", Reads()).what == VCPU.mmu


def test_a_mask_prints_names() -> None:
    names = request_names(KVM)
    bit = next(mask for mask, name in names.items() if name == "TLB_FLUSH")
    assert str(Mask(bit, names)) == "TLB_FLUSH" and str(Mask(0, names)) == "0"
    assert Mask(bit, names) == bit


def test_values_as_text() -> None:
    assert show(5) == "5" and show(0x1000) == "0x1000" and show("a") == '"a"' and show(True) == "True" and show(None) == "None"
    assert show(VCPU.exception) == "None" and show((1, 2)) == "{1, 2}"


def test_cached_rows() -> None:
    s = session("map L1 0x400000 0x5000", "inject load 0x400000")
    rows = tlb_rows(s.kvm, Reads())
    assert rows.part("count") == len(rows) > 0
    assert "combined vpid 1" in "\n".join(show_cached(row) for row in rows.rows)
    with pytest.raises(UserError):
        rows.part("length")


def test_what_waits_for_injection_is_part_of_a_vcpu() -> None:
    s = session("host irq vcpu0 0x20")
    assert evaluate("vcpu.irr", s.scope()) == 1 << 0x20
    assert evaluate("vcpu.immediate_exit", s.scope()) is False


def test_each_part_is_named_once() -> None:
    parts = vcpu_view(S.kvm, S.kvm.vcpus[0], Reads()).parts()
    assert {"requests", "program", "irr"} < set(parts) and len(parts) == len(set(parts))
