"""vmread."""

from __future__ import annotations

import pytest

from casework import harness, observe, operation, said
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.events import Referenced
from kvmdbg.session.cases import binding
from kvmdbg.session.cases.operations.vmread import vmread


def test_a_field_by_name_and_by_encoding() -> None:
    h = harness({"vmcs12": {"enable_vpid": True, "vpid": 9}})
    start = len(h.player.lines)
    assert vmread(h, *operation("L1: vmread VPID")) == 9
    assert vmread(h, *operation("L1: vmread field=0x0")) == 9
    vmread(h, *operation("L1: vmread field=~0"))
    assert said(h, start) == ["inject vmread VIRTUAL_PROCESSOR_ID"] * 2 + ["inject vmread 0xffffffff"]


def test_one_field_at_a_time_unless_it_is_every_field() -> None:
    with pytest.raises(Unsupported, match="one field is read at a time"):
        observe("L1: vmread GUEST_CR3 GUEST_CR4")
    with pytest.raises(Unsupported, match="one field, or every field"):
        observe("L1: vmread every guest field")


def test_to_memory() -> None:
    h = harness({"vmcs12": {"enable_vpid": True, "vpid": 9}})
    assert vmread(h, *operation("L1: vmread VPID to memory")) == 9
    assert h.player.lines[-1] == "inject vmread VIRTUAL_PROCESSOR_ID, @0x104000"


def test_through_a_fifth_level_of_tables() -> None:
    """L1's own CR4.LA57 changes at the VM exit."""
    steps = ("L1: vmwrite HOST_CR4 |= LA57; vmwrite HOST_CR3 PML5; vmresume", "L2: vmcall", "L1: vmread HOST_CR3 to memory",
             "L1: load 0x104010")
    *_, read, load = observe(*steps, given={"caps": {"la57": True}})
    assert read.last.value == binding.PML5
    levels = [event.level for event in load.events(Referenced) if event.structure == "guest"]
    assert levels[-5:] == [5, 4, 3, 2, 1]


def test_a_memory_operand() -> None:
    h = harness({"vmcs12": {"enable_vpid": True, "vpid": 9}})
    start = len(h.player.lines)
    assert vmread(h, *operation("L1: vmread memory, VPID")) == vmread(h, *operation("L1: vmread VPID, memory")) == 9
    assert said(h, start)[1::2] == [f"inject vmread VIRTUAL_PROCESSOR_ID, @{binding.DESCRIPTOR:#x}"] * 2


def test_a_field_of_a_case() -> None:
    h = harness({"vmcs12": {"enable_vpid": True, "vpid": 9}})
    assert vmread(h, *operation("L1: vmread field VPID")) == vmread(h, *operation("L1: vmread field 0")) == 9
    assert vmread(h, *operation("L1: vmread field=0x0")) == 9
    vmread(h, *operation("L1: vmread field=GUEST_CR3+1"))
    assert h.player.lines[-1] == "inject vmread 0x6803"
