"""mov to control registers."""

from __future__ import annotations

import pytest

from casework import harness, observe, operation, said, verdict
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import CR0_WP, CR4_MCE, CR4_PCIDE, CR4_PSE
from kvmdbg.session.cases.operations.mov import mov


@pytest.mark.parametrize(("step", "register", "set_", "cleared"), [
    ("L1: mov cr4 (toggle MCE)", "cr4", CR4_MCE, 0), ("L1: mov cr4 PCIDE=1", "cr4", CR4_PCIDE, 0),
    ("L1: mov cr0 WP=0", "cr0", 0, CR0_WP),
    ("L1: mov cr4 MCE^1, PSE^1", "cr4", CR4_MCE | CR4_PSE, 0), ("L1: mov cr4 (PSE=1, MCE=1)", "cr4", CR4_MCE | CR4_PSE, 0),
])
def test_bits_by_name(step: str, register: str, set_: int, cleared: int) -> None:
    h = harness()
    h.player.inject(f"mov rax, {register}")
    old = h.rax
    mov(h, *operation(step))
    h.player.inject(f"mov rax, {register}")
    assert h.rax == (old | set_) & ~cleared != old


def test_cr3_as_a_flush_and_as_a_number() -> None:
    h = harness()
    start = len(h.player.lines)
    mov(h, *operation("L1: mov cr3 (flush)"))
    mov(h, *operation("L1: mov cr3, cr3"))
    mov(h, *operation("L1: mov cr3 0x2000"))
    assert [line for line in said(h, start) if "rax" not in line] == ["inject mov cr3, 0x1000"] * 2 + ["inject mov cr3, 0x2000"]


def test_a_bad_value_faults() -> None:
    assert observe("L2: mov cr3 <non-canonical>")[0].seen.vector == "#GP"


@pytest.mark.parametrize("step", ["L1: mov ds", "L1: mov ss 5", "L1: mov cr4", "L1: mov cr4 (whistle)", "L1: mov cr4 FROB=1",
                                  "L1: mov"])
def test_other_forms_are_unsupported(step: str) -> None:
    with pytest.raises(Unsupported):
        observe(step)


def test_an_intercepted_one_is_seen_by_l0() -> None:
    assert observe("L1: mov cr3 (intercepted)")[0].seen.kind == "runs"
    with pytest.raises(Unsupported, match="nobody intercepts it here"):
        mov(harness(), *operation("L1: mov cr3 (intercepted)"))


def test_ss_gets_the_same_selector_for_the_sake_of_the_shadow() -> None:
    h = harness()
    mov(h, *operation("L1: mov ss"))
    assert said(h)[-1] == "inject mov ss, 0x18" and h.kvm.cpu(h.vcpu).blocking == 2


@pytest.mark.parametrize(("steps", "given"), [
    (("L1: mov ss; vmlaunch",), {}), (("L1: mov ss; vmresume",), {"vmcs": "already launched"}), (("L1: mov ss; vmresume",), {})])
def test_an_entry_behind_it_fails(steps: tuple[str, ...], given: dict[str, str]) -> None:
    assert verdict(*steps, given=given, expect=[{"step": 1, "outcome": "VMfailValid", "error": 26}]).reason == ""
