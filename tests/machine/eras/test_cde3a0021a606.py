"""de3a0021a606: a vCPU has one vmcs02."""

from __future__ import annotations

import pytest

from kvm_support import OTHER_EPT12, OTHER_VMCS, VMCS, Machine, decided, made
from kvmdbg.machine.eras.versions import kernel

POOL = ("v4.3", "v4.4", "v4.15")


def test_the_question() -> None:
    assert [kernel(name).vmclear_frees_vmcs02() for name in ("v3.1", *POOL, "de3a0021a606", "v6.12")] == [
        True, True, True, True, False, False]


def again(name: str, *between: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Requests made by vmx_vcpu_load_vmcs() and decisions about the pool at an entry after one that exited."""
    m = Machine(name).given_vmx().given_l2(vpid=None).given_l2(OTHER_VMCS, None, OTHER_EPT12, cr3=0x4_8000)
    m.run(f"vmclear {OTHER_VMCS:#x}")
    m.enter()
    m.run("vmcall", *between)
    events = m.run("vmlaunch" if between else "vmresume")
    loads = [event.by for event in events if type(event).__name__ == "RequestMade" and event.by == "vmx_vcpu_load_vmcs"]
    assert len(loads) <= len(made(events))
    return loads, decided(events, "nested_get_current_vmcs02")


@pytest.mark.parametrize("name", POOL)
def test_the_vmcs02_of_a_vmcs12_stays(name: str) -> None:
    assert again(name) == ([], [("yes", f"vmcs12 {VMCS:#x}")])


@pytest.mark.parametrize("name", POOL)
def test_another_vmcs12_takes_it_over(name: str) -> None:
    assert again(name, f"vmptrld {OTHER_VMCS:#x}") == ([], [("no: the one in the pool is taken over", f"vmcs12 {OTHER_VMCS:#x}")])


@pytest.mark.parametrize("name", POOL)
def test_vmclear_frees_it_and_the_next_entry_flushes_all(name: str) -> None:
    loads, answers = again(name, f"vmclear {VMCS:#x}", f"vmptrld {VMCS:#x}")
    assert (loads, answers) == (["vmx_vcpu_load_vmcs"], [("no: a new one", f"vmcs12 {VMCS:#x}")])


def test_vmclear_of_another_vmcs12_frees_nothing() -> None:
    assert again("v4.4", f"vmclear {OTHER_VMCS:#x}", f"vmptrld {OTHER_VMCS:#x}")[0] == []


def test_one_for_all_since() -> None:
    assert again("v6.12", f"vmclear {VMCS:#x}", f"vmptrld {VMCS:#x}") == ([], [])
