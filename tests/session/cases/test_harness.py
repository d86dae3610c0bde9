"""The harness changes levels, skips instructions, and knows what the tables name."""

from __future__ import annotations

import pytest

from casework import OPEN_EPT, WITH_VPID, harness, said
from kvmdbg.errors import UserError
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.session.cases import binding
from kvmdbg.session.cases.harness import FRAME_OF_GPA, GIB, LINEAR_OF_GPA
from kvmdbg.session.cases.player import L2


def test_it_enters_l2_and_comes_back() -> None:
    h = harness()
    start = len(h.player.lines)
    h.bring(2)
    assert h.level == 2 and said(h, start) == ["inject vmlaunch"]
    h.bring(2)
    h.bring(1)
    assert h.level == 1 and said(h, start) == ["inject vmlaunch", "inject vmcall"]


def test_l1_steps_over_the_instruction_before_it_resumes() -> None:
    h = harness()
    h.bring(2)
    rip = h.kvm.cpu(h.vcpu).rip
    h.bring(1)
    start = len(h.player.lines)
    h.bring(2)
    assert said(h, start) == [f"inject vmwrite GUEST_RIP, {rip + 3:#x}", "inject vmresume"]
    assert h.kvm.cpu(h.vcpu).rip == rip + 3


def test_l1_lets_l2_try_again_after_an_ept_violation() -> None:
    h = harness(OPEN_EPT)
    h.bring(2)
    h.player.inject(f"load {binding.LINEAR_V:#x}")
    h.player.set_entry("ept12", binding.FRAME_OLD, 0)
    h.bring(1)
    h.player.inject("invept all-context")
    h.bring(2)
    rip = h.kvm.cpu(h.vcpu).rip
    h.player.inject(f"load {binding.LINEAR_V:#x}")
    assert h.level == 1 and vmcs12.get(h.kvm, h.vcpu, F.VM_EXIT_REASON) == 48
    h.player.map("ept12", binding.FRAME_OLD, binding.FRAME_OLD)
    h.bring(2)
    assert h.kvm.cpu(h.vcpu).rip == rip


def test_a_level_that_cannot_be_brought_is_an_error() -> None:
    h = harness()
    h.player.inject("vmwrite CR3_TARGET_COUNT, 9")
    with pytest.raises(UserError, match="^L2 cannot be brought to run: the entry failed, VM-instruction error 7$"):
        h.bring(2)


def test_flags_and_rax_are_those_of_the_level_that_runs() -> None:
    h = harness()
    h.player.inject("vmread 0xffffffff")
    assert h.flags(1) & 0x40 and h.flags(2) == -1
    h.player.inject("vmread GUEST_CR3")
    assert h.rax == binding.L2_ROOT


def test_an_earlier_l2_makes_last_vpid_real() -> None:
    h = harness(WITH_VPID)
    h.warm_up(5)
    assert (h.level, h.vcpu.last_vpid, h.vcpu.current_vmptr) == (1, 5, binding.VMCS_A)
    h = harness(WITH_VPID)
    h.warm_up(0)
    assert (h.level, h.vcpu.last_vpid) == (1, 0)


def test_guest_physical_addresses_get_linear_ones() -> None:
    h = harness(OPEN_EPT)
    assert h.touch((1 << 39) + 8) == LINEAR_OF_GPA + 8
    assert h.touch(binding.GPA_P1) == LINEAR_OF_GPA + GIB
    assert h.touch(1 << 39) == LINEAR_OF_GPA
    h.bring(2)
    h.player.inject(f"store {LINEAR_OF_GPA:#x}, 0x77")
    assert h.frame_of(L2, LINEAR_OF_GPA) == h.kvm.pages[FRAME_OF_GPA >> 12]


def test_what_the_tables_name_now_and_before() -> None:
    h = harness()
    h.bring(2)
    h.player.inject(f"load {binding.LINEAR_V:#x}")
    old = h.kvm.pages[binding.FRAME_OLD >> 12]
    assert h.frames(L2, [binding.LINEAR_V + 16]) == ({binding.LINEAR_V: old}, {})
    h.about_to_change(L2, binding.LINEAR_V)
    _, entry = h.player.entry(L2, binding.LINEAR_V)
    h.player.set_entry(L2, binding.LINEAR_V, entry ^ binding.FRAME_OLD ^ binding.FRAME_NEW)
    new = h.kvm.pages[binding.FRAME_NEW >> 12]
    assert h.frames(L2, [binding.LINEAR_V]) == ({binding.LINEAR_V: new}, {binding.LINEAR_V: old})
    assert h.frame_of(L2, binding.UNMAPPED) is None


def test_phrases_that_only_the_running_instance_knows() -> None:
    h = harness(OPEN_EPT)
    page = h.binding.number("<page of the PTE>")
    address, _ = h.player.entry(L2, binding.LINEAR_V)
    assert page == address & ~0xFFF
    h.player.set_entry("ept12", page, 0)
    assert h.binding.number("page of the PTE") == page          # remembered though the EPT does not map it any more
    assert h.binding.number("current EPTP") == h.eptp
    assert h.binding.number("bad memory type") & 7 == 2


def test_l1_can_have_v_too() -> None:
    h = harness({"pte": "present, read-only, supervisor"})
    h.map_for_l1(binding.LINEAR_V)
    _, entry = h.player.entry("L1", binding.LINEAR_V)
    assert entry & ~0xFFF == binding.FRAME_OLD and entry & 0b110 == 0
