"""Gates of an IDT, written into a level's memory."""

from __future__ import annotations

import pytest

from kvm_support import Machine
from kvmdbg.errors import UserError
from kvmdbg.machine.hw.delivery import GATE_BYTES
from kvmdbg.machine.kvm import idt
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest

BASE = 0x21_0000


@pytest.mark.parametrize(("text", "vector"), [("#DB", 1), ("gp", 13), ("0xf1", 0xF1), ("14", 14)])
def test_vectors_have_names_and_numbers(text: str, vector: int) -> None:
    assert idt.vector_of(text) == vector


@pytest.mark.parametrize("text", ["256", "-1", "#XX", ""])
def test_what_is_no_vector(text: str) -> None:
    with pytest.raises(UserError, match="is no vector"):
        idt.vector_of(text)


def test_a_gate_of_l1_lies_where_its_idtr_says() -> None:
    m = Machine()
    m.map("L1", BASE, 0x9_0000)
    m.run(f"lidt {BASE:#x}, 0xfff")
    idt.set_gate(m.kvm, m.vcpu, "L1", 13, 0xFFFF_8000_1234_5678)
    at = 0x9_0000 + GATE_BYTES * 13
    low, high = kvm_read_guest(m.kvm, at), kvm_read_guest(m.kvm, at + 8)
    assert (low, high) == (0x1234_8E00_0010_5678 | (low or 0) & 0xFFFF_0000, 0xFFFF_8000)


def test_a_gate_of_l2_goes_through_ept12() -> None:
    m = Machine().given_vmx().given_l2(GUEST_IDTR_BASE=BASE, GUEST_IDTR_LIMIT=0xFF)
    m.run("vmclear 0x5000", "vmptrld 0x5000")
    with pytest.raises(UserError, match="L2 does not map 0x210010"):
        idt.set_gate(m.kvm, m.vcpu, "L2", 1, 0x1000)
    m.map("L2", BASE, 0x7000)
    with pytest.raises(UserError, match="EPT12 does not map L2's page 0x7010"):
        idt.set_gate(m.kvm, m.vcpu, "L2", 1, 0x1000)
    m.map("ept12", 0x7000, 0xA_0000)
    idt.set_gate(m.kvm, m.vcpu, "L2", 1, 0x1000)
    assert (kvm_read_guest(m.kvm, 0xA_0010) or 0) & 0xFFFF == 0x1000
    with pytest.raises(UserError, match="above the limit 0xff"):
        idt.set_gate(m.kvm, m.vcpu, "L2", 0x10, 0x1000)


def test_without_an_idt_there_are_no_gates() -> None:
    m = Machine()
    with pytest.raises(UserError, match="has set up no IDT"):
        idt.set_gate(m.kvm, m.vcpu, "L1", 1, 0x1000)
    with pytest.raises(UserError, match="no L2"):
        idt.set_gate(m.kvm, m.vcpu, "L2", 1, 0x1000)
