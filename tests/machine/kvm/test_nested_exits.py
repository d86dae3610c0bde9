"""Who handles an exit of L2."""

from __future__ import annotations

import pytest

from kvm_support import DATA, EPT12, KERNELS, L2_PAGE, Machine, decided, exits, without
from kvmdbg.machine.hw.controls import (
    CPU_CR3_LOAD_EXITING,
    CPU_CR3_STORE_EXITING,
    CPU_HLT_EXITING,
    CPU_INVLPG_EXITING,
    CPU_SECONDARY_CONTROLS,
)

SECONDARY = CPU_SECONDARY_CONTROLS
L1, L0 = "L1", "L0"


def l2(name: str, **fields: int) -> Machine:
    m = Machine(name).given_vmx().given_l2(**fields)
    m.enter()
    return m


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(("insn", "reason", "who", "fields"), [
    ("vmcall", 18, L1, {}), ("cpuid", 10, L1, {}), ("vmxoff", 26, L1, {}), ("vmlaunch", 20, L1, {}),
    ("vmread GUEST_CR3", 23, L1, {}), ("invept all-context", 50, L1, {}), ("invvpid all-context", 53, L1, {}),
    ("hlt", 12, L1, {"CPU_BASED_VM_EXEC_CONTROL": SECONDARY | CPU_HLT_EXITING}),
    ("hlt", 12, L0, {"CPU_BASED_VM_EXEC_CONTROL": SECONDARY}),
    ("invlpg 0x5000", 14, L1, {"CPU_BASED_VM_EXEC_CONTROL": SECONDARY | CPU_INVLPG_EXITING}),
    ("mov cr3, 0x48000", 28, L1, {"CPU_BASED_VM_EXEC_CONTROL": SECONDARY | CPU_CR3_LOAD_EXITING}),
    ("mov cr3, 0x48000", 28, L1, {"CPU_BASED_VM_EXEC_CONTROL": SECONDARY | CPU_CR3_LOAD_EXITING, "CR3_TARGET_COUNT": 1}),
    ("mov cr3, 0", 28, L0, {"CPU_BASED_VM_EXEC_CONTROL": SECONDARY | CPU_CR3_LOAD_EXITING, "CR3_TARGET_COUNT": 1}),
    ("mov rax, cr3", 28, L1, {"CPU_BASED_VM_EXEC_CONTROL": SECONDARY | CPU_CR3_STORE_EXITING}),
    ("mov cr0, 0x80010033", 28, L0, {}),
    ("mov cr0, 0x80040033", 28, L1, {"CR0_GUEST_HOST_MASK": 1 << 16}),
    ("mov cr0, 0x80010033", 28, L0, {"CR0_GUEST_HOST_MASK": 1 << 16}),
    ("mov cr4, 0x2020", 28, L1, {"CR4_GUEST_HOST_MASK": 0x80}),
    ("mov cr4, 0x1020a0", 28, L0, {"CR4_GUEST_HOST_MASK": 0x80}),
])
def test_who_gets_it(name: str, insn: str, reason: int, who: str, fields: dict[str, int]) -> None:
    m = l2(without(name, "c7c2c709b60e"), **fields)      # with CR3-target values
    events = m.run(insn)
    assert exits(events) == [reason]
    assert [answer for answer, _ in decided(events, "nested_vmx_reflect_vmexit")] == [who]
    assert m.vcpu.guest_mode == (who == L0)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("insn", ["mov cr3, 0x48000", "mov rax, cr3", "invlpg 0x5000", "mov cr4, 0x2020", "nop"])
def test_what_nobody_wants_does_not_exit(name: str, insn: str) -> None:
    assert exits(l2(name).run(insn)) == []


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(("bitmap", "mask", "match", "reflected"), [
    (0, 0, 0, False), (1 << 14, 0, 0, True), (1 << 14, 1, 0, True), (1 << 14, 1, 1, False), (0, 0, 1, True)])
def test_a_page_fault_follows_the_bitmap_mask_and_match(name: str, bitmap: int, mask: int, match: int, reflected: bool) -> None:
    """A mismatch of the error code reverses what the bitmap's bit says."""
    m = l2(name, EXCEPTION_BITMAP=bitmap, PAGE_FAULT_ERROR_CODE_MASK=mask, PAGE_FAULT_ERROR_CODE_MATCH=match)
    m.run("load 0xdead000")
    assert m.vcpu.guest_mode != reflected
    if reflected:
        assert (m.vmread("VM_EXIT_REASON"), m.vmread("EXIT_QUALIFICATION"), m.vmread("VM_EXIT_INTR_INFO")) == (
            0, 0xDEAD000, 0x8000_0B0E)


@pytest.mark.parametrize("name", KERNELS)
def test_ept_violations_go_to_l0_first(name: str) -> None:
    m = l2(name)
    events = m.run(f"load {L2_PAGE:#x}")
    assert set(decided(events, "nested_vmx_reflect_vmexit")) == {("L0", "L0's own affair")}
    assert m.vcpu.guest_mode
    m = Machine(name).given_vmx().given_l2()
    m.set("ept12", DATA, 0, root=EPT12)
    m.enter()
    m.run(f"load {L2_PAGE:#x}")
    assert not m.vcpu.guest_mode
