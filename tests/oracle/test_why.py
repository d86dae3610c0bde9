"""Chains of causes, back along the tape."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.fields import F
from kvmdbg.oracle.why import Link, why_entry, why_field, why_request
from oracle.given import L1_LA, L2_LA, OTHER, Machine


def texts(links: tuple[Link, ...]) -> list[str]:
    return [link.text for link in links]


def test_positions_go_back_and_every_link_has_a_source() -> None:
    machine = Machine(listening=True).enter()
    for links in (why_entry(machine.kvm, machine.keys("combined", L2_LA)[0]), why_request(machine.kvm, "TLB_FLUSH_GUEST"),
                  why_field(machine.kvm, machine.vcpu.vmcs02, F.EPT_POINTER)):
        assert len(links) > 1
        assert [link.position for link in links] == sorted((link.position for link in links), reverse=True)
        assert all(link.function and link.source for link in links)


def test_a_translation_comes_from_table_entries_and_they_from_writes() -> None:
    machine = Machine().enter().map("L2", L2_LA, OTHER).run(f"invlpg {L2_LA:#x}")
    start = machine.position
    machine.run(f"load {L2_LA:#x}")
    links = why_entry(machine.kvm, machine.keys("combined", L2_LA)[0])
    assert links[0].text.startswith("L2 cached the combined mapping of 0x800000") and links[0].position >= start
    pte = next(text for text in texts(links) if text.startswith("guest PTE"))
    assert "written at #" in pte and pte.endswith("by L2")
    assert any(text.startswith("through the guest-physical mapping") for text in texts(links))
    assert links[-1].text == f"L2 executed `load {L2_LA:#x}`"


def test_a_guest_physical_mapping_comes_from_ept_entries_only() -> None:
    machine = Machine()
    links = why_entry(machine.kvm, machine.keys("guest-physical", L1_LA)[0])
    assert [text.split(" at ")[0] for text in texts(links)[1:5]] == ["ept PTE", "ept PDE", "ept PDPTE", "ept PML4E"]


def test_a_request_leads_to_the_decision_the_exit_and_the_instruction() -> None:
    machine = Machine(vpid=False).run("vmptrld 0x5000", "vmlaunch")
    links = why_request(machine.kvm, "KVM_REQ_TLB_FLUSH_GUEST")
    assert links[0].text == "nested_vmx_transition_tlb_flush() made KVM_REQ_TLB_FLUSH_GUEST"
    assert "does L1 expect VPID 0 to be flushed? yes" in links[1].text
    assert links[-1].text == "VM exit VMLAUNCH of L1 by `vmlaunch`"


def test_what_a_request_served_made_is_followed_to_who_asked() -> None:
    machine = Machine().enter().leave().run("vmresume")
    links = why_field(machine.kvm, machine.vcpu.vmcs02, F.VM_EXIT_REASON)
    assert links[0].text.startswith("VM_EXIT_REASON became")


def test_a_root_load_is_cause_enough() -> None:
    machine = Machine(listening=True).enter()
    links = why_field(machine.kvm, machine.vcpu.vmcs02, F.EPT_POINTER)
    assert links[0].function == "vmx_load_mmu_pgd"
    assert any(text.startswith("a root for 0x1001e was loaded") for text in texts(links))
    assert not any("KVM_REQ" in text for text in texts(links))


def test_what_never_was_has_no_cause() -> None:
    machine = Machine()
    with pytest.raises(UserError, match="nobody has made KVM_REQ_NMI"):
        why_request(machine.kvm, "NMI")
    with pytest.raises(UserError, match="has not been written"):
        why_field(machine.kvm, 0x7777_0000, F.GUEST_CR3)
    key = machine.keys("combined", L1_LA)[0]
    with pytest.raises(UserError, match="has no combined mapping"):
        why_entry(machine.kvm, key, position=0)
