"""What the newest kernel answers about L1's VMCSs."""

from __future__ import annotations

from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.questions.vmcs import VmcsQuestions

MAINLINE = VmcsQuestions()


def test_mainline() -> None:
    assert MAINLINE.vmptrld_of_the_vmxon_region() == 10
    assert MAINLINE.reads_an_unbacked_vmcs_as_ones() and MAINLINE.vmclear_spares_the_vcpu()
    assert MAINLINE.vmwrite_reaches_read_only_fields() and MAINLINE.vmwrite_looks_for_the_field_first()
    assert MAINLINE.vmwrite_needs_a_vmcs_first() and MAINLINE.vmread_notices_a_page_fault()
    assert MAINLINE.drops_reserved_access_rights() and MAINLINE.offers_vmcs_shadowing_to_l1()
    assert MAINLINE.reports_an_operand_without_memory()
    assert MAINLINE.computes_the_highest_index() and MAINLINE.shadows_the_fields_of_v5_3()


def test_the_fields_of_vmcs12() -> None:
    assert MAINLINE.vmcs12_has(F.TSC_MULTIPLIER) and MAINLINE.vmcs12_has(F.GUEST_CR3)
    assert not MAINLINE.vmcs12_has(F.CR3_TARGET_VALUE0) and not MAINLINE.vmcs12_has(0x7FFE)
