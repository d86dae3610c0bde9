"""User space restores and reads the state of nesting."""

from __future__ import annotations

import pytest

from casework import harness, operation
from kvmdbg.errors import Unsupported
from kvmdbg.machine.kvm.nested_state import HEADER
from kvmdbg.machine.kvm.state import INVALID_GPA
from kvmdbg.session.cases.operation import find
from kvmdbg.session.cases.operations.nested_state import DEFAULT, changed, get_nested_state, set_nested_state

OUTSIDE = {"vmx": "not entered"}


def test_what_is_restored_can_be_read_back() -> None:
    h = harness(OUTSIDE)
    assert set_nested_state(h, *operation("host: set_nested_state default with flags 0, contents of the VMCS invalid")) == "ok"
    assert (h.vcpu.vmxon_ptr, h.vcpu.current_vmptr) == (0x1000, 0x2000)
    assert get_nested_state(h, *operation("host: get_nested_state")) == "ok"
    saved = h.vcpu.saved_nested_state
    assert saved is not None and (saved.vmxon_pa, saved.vmcs12_pa, saved.size) == (0x1000, 0x2000, HEADER + 0x1000)
    assert set_nested_state(h, *operation("host: set_nested_state both addresses ~0, flags 0")) == "ok"
    assert not h.vcpu.vmxon


@pytest.mark.parametrize(("text", "fields"), [
    ("size 0", {"size": 0}), ("vmxon_pa ~0, vmcs12_pa set", {"vmxon_pa": INVALID_GPA}), ("SMM flags 1", {"smm_flags": 1}),
    ("guest-mode + run-pending + SMM guest-mode", {"flags": 3, "smm_flags": 1}), ("vmxon_pa = vmcs12_pa = 0",
                                                                                   {"vmxon_pa": 0, "vmcs12_pa": 0}),
    ("size = header only, vmcs12_pa set", {"size": HEADER}), ("run-pending without guest-mode", {"flags": 2}),
    ("VMX header flags all ones, no VMCS", {"vmx_flags": INVALID_GPA, "size": HEADER, "vmcs12_pa": INVALID_GPA}), ("", {}),
])
def test_changes(text: str, fields: dict[str, int]) -> None:
    assert changed(harness(OUTSIDE), text) == DEFAULT._replace(**fields)


def test_an_error_is_what_it_returns() -> None:
    h = harness(OUTSIDE)
    assert set_nested_state(h, *operation("host: set_nested_state default with vmxon_pa 1 (not aligned)")) == "EINVAL"
    assert set_nested_state(h, *operation("host: set_nested_state default with null pointer")) == "EFAULT"


@pytest.mark.parametrize(("cpuid", "result"), [("VMX", "ok"), ("VMX off", "EINVAL"), ("VMX off in the first two rows", "EINVAL")])
def test_a_guest_without_vmx_has_no_such_state(cpuid: str, result: str) -> None:
    assert set_nested_state(harness(OUTSIDE | {"cpuid": cpuid}), *operation("host: set_nested_state default")) == result


@pytest.mark.parametrize("text", ["set_nested_state default with a flaw", "get_nested_state twice"])
def test_other_words_are_unsupported(text: str) -> None:
    op, actor = operation(f"host: {text}")
    with pytest.raises(Unsupported):
        find(op, actor).run(harness(OUTSIDE), op, actor)
