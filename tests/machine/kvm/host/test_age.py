"""The memory manager asks for the accessed bit."""

from __future__ import annotations

import pytest

from kvm_support import L1_PAGE, Machine, made
from kvmdbg.machine.hw import ept
from kvmdbg.machine.hw.memory import read64
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm.mmu_notifier import SAVED_RIGHTS

GFN = L1_PAGE >> 12
WITHOUT_AD = Caps(ept_ad=False)


def given(kernel: str, caps: Caps = Caps()) -> tuple[Machine, int]:
    m = Machine(kernel, caps=caps).given_vmx()
    m.run(f"store {L1_PAGE:#x}, 7")
    return m, m.kvm.rmap[GFN][0]


@pytest.mark.parametrize("kernel", ["v4.3", "v6.12"])
def test_a_young_page_becomes_old_once(kernel: str) -> None:
    m, address = given(kernel)
    assert read64(m.kvm.hw, address) & ept.ACCESSED
    assert made(m.host(f"age {GFN:#x}")) == ["TLB_FLUSH"]
    assert not read64(m.kvm.hw, address) & ept.ACCESSED
    assert made(m.host(f"age {GFN:#x}")) == []


@pytest.mark.parametrize(("kernel", "caps"), [("v3.1", Caps()), ("v4.4", WITHOUT_AD)])
def test_without_accessed_bits_the_page_was_unmapped(kernel: str, caps: Caps) -> None:
    m, address = given(kernel, caps)
    assert made(m.host(f"age {GFN:#x}")) == ["TLB_FLUSH"]
    assert read64(m.kvm.hw, address) == 0 and GFN not in m.kvm.rmap


@pytest.mark.parametrize("kernel", ["v4.15", "v6.12"])
def test_since_f160c7b7bb32_its_rights_are_kept_aside(kernel: str) -> None:
    m, address = given(kernel, WITHOUT_AD)
    m.program("cpuid")
    m.step_to("vcpu_enter_guest")
    assert made(m.host(f"age {GFN:#x}")) == ["TLB_FLUSH"]
    assert read64(m.kvm.hw, address) & (ept.RIGHTS | SAVED_RIGHTS) == SAVED_RIGHTS
    assert made(m.host(f"age {GFN:#x}")) == []
    m.run("nop", f"load {L1_PAGE:#x}")
    assert m.cpu.rax == 7
    assert m.kvm.rmap[GFN] == (address,) and read64(m.kvm.hw, address) & ept.RIGHTS == ept.RIGHTS
