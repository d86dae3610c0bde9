"""c805f5d5585a: the reload of an EPTP switch is deferred."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """E.6, rows E17 and v5.13."""
    answers = [kernel(name).eptp_switch() for name in ("c805f5d5585a^", "c805f5d5585a", "v6.12")]
    assert answers == ["kvm_mmu_unload, kvm_mmu_reload", "KVM_REQ_MMU_RELOAD", "kvm_mmu_new_pgd"]
