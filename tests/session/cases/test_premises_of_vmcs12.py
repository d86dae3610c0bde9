"""Premises about vmcs12."""

from __future__ import annotations

import pytest

from casework import after
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.fields import F
from kvmdbg.session.cases import binding, premises_of_vmcs12
from kvmdbg.session.cases.control_names import CONTROLS
from kvmdbg.session.cases.phrases import field, phrases
from kvmdbg.session.cases.setup import Plan

L1 = phrases(premises_of_vmcs12.L1)


def test_vmcs12_and_its_fields() -> None:
    found = after(premises_of_vmcs12.vmcs12, {"enable_vpid": True, "vpid": 7})
    assert dict(found.controls) == {CONTROLS["enable_vpid"]: True} and dict(found.fields) == {F.VIRTUAL_PROCESSOR_ID: 7}
    assert dict(after(premises_of_vmcs12.guest_rflags, "bit 1 is 0, so it fails").fields) == {F.GUEST_RFLAGS: 0}
    assert after(premises_of_vmcs12.guest_rflags, "good") == Plan("v6.12").setup()
    assert dict(after(field(F.TSC_OFFSET), "0x10").fields) == {F.TSC_OFFSET: 16}
    assert after(premises_of_vmcs12.eptp, {"ad": True}).ept_ad


def test_what_l1_intercepts_and_l2s_idt() -> None:
    found = after(L1, "intercepts #SS #GP, IDT limit 0")
    assert dict(found.fields) == {F.EXCEPTION_BITMAP: 1 << 12 | 1 << 13, F.GUEST_IDTR_LIMIT: 0}
    assert found.layout.l2_scene is not None
    assert dict(after(premises_of_vmcs12.vmcs12, {"exc_bitmap": "#DF", "idt_limit": 0xFFF}).fields)[F.EXCEPTION_BITMAP] == 1 << 8
    assert dict(after(L1, "intercepts PAUSE and HLT").controls) == {CONTROLS["hlt_exiting"]: True, CONTROLS["pause_exiting"]: True}
    with pytest.raises(Unsupported):
        after(L1, "intercepts rumours")


@pytest.mark.parametrize(("text", "value"), [("~0", 2**64 - 1), ("a cleared shadow VMCS", binding.SHADOW_VMCS)])
def test_a_link_pointer(text: str, value: int) -> None:
    plan = Plan("v6.12")
    premises_of_vmcs12.vmcs12(plan, {"shadow_vmcs": 1, "link_pointer": text})
    assert plan.fields == {F.VMCS_LINK_POINTER: value}


def test_a_link_pointer_that_nobody_knows() -> None:
    with pytest.raises(Unsupported, match="link_pointer: somewhere"):
        premises_of_vmcs12.vmcs12(Plan("v6.12"), {"link_pointer": "somewhere"})


def test_the_counter_of_l2() -> None:
    setup = after(premises_of_vmcs12.vmcs12, {"tsc_offset": "-(1 << 48)", "use_tsc_offsetting": True,
                                              "msr_bitmap": "TSC not intercepted"})
    assert dict(setup.fields) == {F.TSC_OFFSET: 2**64 - 2**48} and setup.layout.msr_intercepts == ()
    assert dict(setup.controls)[CONTROLS["use_msr_bitmaps"]] and dict(setup.controls)[CONTROLS["use_tsc_offsetting"]]
    assert dict(after(premises_of_vmcs12.vmcs12, {"tsc_offset": -1}).fields) == {F.TSC_OFFSET: 2**64 - 1}
    some = after(premises_of_vmcs12.vmcs12, {"msr_bitmap": "FS_BASE and GS_BASE intercepted for reads"}).layout.msr_intercepts
    assert some == ((0xC000_0100, False), (0xC000_0101, False))
    assert after(premises_of_vmcs12.vmcs12, {"msr_bitmap": "TSC intercepted"}).layout.msr_intercepts == ((0x10, False), (0x10,
                                                                                                                         True))
    for text in ("all is well", "0x2000 not intercepted"):
        with pytest.raises(Unsupported, match="vmcs12 msr_bitmap"):
            after(premises_of_vmcs12.vmcs12, {"msr_bitmap": text})
