"""MOV CR3, INVLPG, INVPCID: mainline's answers."""

from __future__ import annotations

from kvmdbg.machine.kvm.questions.address_spaces import NO_FLUSH_WITH_PCIDE, AddressSpaceQuestions


def test_mainline() -> None:
    era = AddressSpaceQuestions()
    assert era.pcid_without_tdp() and era.cr3_flush_is_by_pcid() and era.pcid_sync_is_a_request()
    assert era.pcid_flush_with_tdp_is_for_the_guest() and not era.every_root_has_pcid_0_without_pcide()
    assert era.cr3_no_flush_bit() == NO_FLUSH_WITH_PCIDE and not era.cr3_must_name_memory()
    assert era.invlpg_flushes_one_address() and era.invlpg_syncs_the_spte() and era.keeps_cr3_of_l1_in_vmcs01()
    assert era.invpcid_all() == "TLB_FLUSH_GUEST"
