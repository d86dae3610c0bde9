"""The MMU roots."""

from __future__ import annotations

from kvmdbg.machine.kvm.state import MmuRole
from kvmdbg.session.reports.roots import role_text, roots
from looking import looking


def test_the_root_in_use_is_marked_and_counts_its_pages() -> None:
    s = looking("v6.12", "load 0x5000")
    first, second = roots(s).rows
    hpa = s.kvm.mmu(s.kvm.vcpus[0]).root.hpa
    assert first.cells[:5] == ("0", "root_mmu", "root", "-", f"{hpa:x}")
    assert first.mark == ">"
    assert int(first.cells[7]) == len(s.kvm.shadow_pages) > 1
    assert second.cells[1:5] == ("guest_mmu", "root", "-", "none")


def test_an_old_kernel_has_one_mmu_and_says_so() -> None:
    grid = roots(looking("v4.3"))
    assert {row.cells[1] for row in grid.rows} == {"root_mmu"}
    assert "no guest_mmu" in grid.note


def test_a_new_root_is_a_change() -> None:
    s = looking()
    s.stop_position_before = 0
    assert roots(s).rows[0].style == "changed"


def test_roles_in_words() -> None:
    assert role_text(MmuRole("ept", True, True)) == "ept guest_mode ad_disabled"
    assert role_text(MmuRole("direct", False, False)) == "direct"
