"""`given`, key by key; what cannot be set up is unsupported, never ignored."""

from __future__ import annotations

from typing import Any

import pytest

from casework import case
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.fields import F
from kvmdbg.session.cases.control_names import CONTROLS
from kvmdbg.session.cases.given import read, setups
from kvmdbg.session.cases.setup import Setup


def setup(given: dict[str, Any], extra: dict[str, Any] | None = None, step: str = "L1: nop") -> Setup:
    return read(case(step, given=given), extra or {})


def test_nothing_given_is_an_l1_in_vmx_operation() -> None:
    found = setup({})
    assert found.kernel == "v6.12" and found.vmx and not found.controls and not found.fields
    assert found.config.l1_caps == () and not found.more_for_l1 and found.spare_vpids and not found.compatibility


def test_capabilities_become_processor_and_l1_properties() -> None:
    found = setup({"caps": {"vpid": True, "invvpid": True, "invvpid_types": [1, 2], "huge_2m": False, "maxphyaddr": ">= 40",
                            "ept_ad": "bit 21"}})
    assert found.config.l1_caps == (("invvpid_types", (1, 2)),) and found.caps.invvpid_types == (0, 1, 2, 3)
    assert not found.caps.ept_2m and found.caps.maxphyaddr == 46 and found.caps.ept_ad
    assert setup({"caps": {"invvpid_types": [0, 1, 2, 3]}}).config.l1_caps == ()
    hidden = setup({"caps": {"vpid": False, "invvpid": False, "invvpid_types": []}})
    assert not hidden.caps.vpid and dict(hidden.config.l1_caps) == {"invvpid_types": ()}
    assert setup({"caps": {"vpid": True, "invvpid": False}}).config.l1_caps == (("invvpid_types", ()),)
    assert setup({"caps": {"maxphyaddr": 39}}).caps.maxphyaddr == 39
    assert setup({"caps": "IA32_VMX_EPT_VPID_CAP"}) == setup({})
    assert setup({"caps": {"la57": True}}).caps.la57 and setup({}, {"la57": True}).caps.la57
    assert not setup({"caps": {"huge_1g": False}}).caps.ept_1g


def test_l0_and_vmcs12() -> None:
    found = setup({"l0": {"vendor": "vmx", "enable_vpid": False, "enable_ept": True, "vpid01": 1, "vpid02": 0},
                   "vmcs12": {"enable_vpid": True, "vpid": 7, "invlpg_exiting": False}})
    assert not setup({"l0": {"enable_ept": False}}).config.enable_ept and not setup({}, {"l0_ept": False}).config.enable_ept
    assert not found.config.enable_vpid and not found.spare_vpids and found.vpid01 == 1
    assert dict(found.controls) == {CONTROLS["enable_vpid"]: True, CONTROLS["invlpg_exiting"]: False}
    assert dict(found.fields) == {F.VIRTUAL_PROCESSOR_ID: 7}


def test_phrases_are_looked_up_by_the_key_they_stand_under() -> None:
    assert setup({"mode": "32-bit code segment under long mode, CPL0, VMX root"}).compatibility
    assert not setup({"vmx": "not entered"}).vmx
    assert setup({"cr3": "bits 11:0 = 1"}).registers == ("cr3 pcid 1",)
    assert setup({"cr4": "PCIDE=0"}).registers == ("cr4 &~ PCIDE",)
    assert not setup({"memory operand": "not present"}).operand_mapped
    assert not setup({"vmcs": "none"}).current_vmcs
    assert dict(setup({"guest_rflags": "bit 1 is 0, so an entry fails"}).fields) == {F.GUEST_RFLAGS: 0}
    assert dict(setup({"entry_error_code": "0x0", "entry_instr_len": 1}).fields) == {
        F.VM_ENTRY_EXCEPTION_ERROR_CODE: 0, F.VM_ENTRY_INSTRUCTION_LEN: 1}
    assert setup({"eptp": {"ad": True}}).ept_ad


def test_steps_say_whether_l1_is_in_vmx_operation_and_uses_ept() -> None:
    assert not setup({}, step="L1: vmxon").vmx
    assert not setup({}, step="L1: nop; vmxon region").vmx
    assert setup({}, step="L1: vmxoff   # after vmxon").vmx
    assert dict(setup({}, step="L1: ept_set gpa=G perms=---").controls) == {CONTROLS["enable_ept"]: True}


def test_state_of_a_row() -> None:
    found = setup({}, {"vpid12_enabled": True, "vpid12": 5, "last_vpid": 5, "l0_ept": True, "vpid02": 2, "direction": "entry",
                       "la57": "any"})
    assert dict(found.fields) == {F.VIRTUAL_PROCESSOR_ID: 5} and dict(found.controls) == {CONTROLS["enable_vpid"]: True}
    assert not setup({}, {"ept_ad": False}).caps.ept_ad
    assert setup({}, {"vmxe": 0}).registers == ("cr4 &~ VMXE",)
    assert setup({}, {"needs": "ept_wb", "no_hw_errcode_cc": False}) == setup({})


def test_what_no_kernel_offers_l1_is_offered_where_a_case_asks_for_it() -> None:
    checked = setup({"caps": {"mbec": True}}, {"no_hw_errcode_cc": True, "needs": "ept_uc"})
    assert checked.caps.mode_based_execute and checked.caps.no_error_code_check
    assert checked.more_for_l1 == ("offers_mode_based_execute_to_l1", "offers_no_error_code_check_to_l1", "offers_ept_uc_to_l1")
    assert setup({"caps": {"pml": False}}, {"needs": "no ept_wb"}).config.l1_caps == (("pml", False), ("ept_wb", False))


def test_a_control_that_l1_has_set_is_one_that_it_is_offered() -> None:
    found = setup({"vmcs12": {"process_posted_interrupts": True, "virtual_interrupt_delivery": True}})
    assert found.caps.posted_interrupts and found.caps.virtual_interrupts and not found.caps.x2apic_mode
    assert dict(found.controls)[CONTROLS["use_tpr_shadow"]]
    without = setup({"vmcs12": {"virtual_interrupt_delivery": True, "use_tpr_shadow": False}})
    assert not dict(without.controls)[CONTROLS["use_tpr_shadow"]]


def test_a_column_that_no_text_refers_to_means_what_its_name_means_in_given() -> None:
    assert setup({}, {"pte": "read-only"}).layout.v.rights == "rxu"
    assert setup({}, {"cr4": "SMEP=1", "cr0": "WP=0"}).registers == ("cr4 | SMEP", "cr0 &~ WP")
    assert not setup({}, {"pcid": False, "mode": "64-bit"}).caps.pcid
    for key in ("note", "mce"):                  # words that explain something, or hold anyway, tell no row from another
        with pytest.raises(Unsupported, match="no state that can be set up"):
            setup({}, {key: True})


@pytest.mark.parametrize(("wanted", "bits"), [("< 40", 39), ("< 52", 46), (">= 40", 46), (">= 50", 50), (36, 36)])
def test_the_width_of_physical_addresses(wanted: object, bits: int) -> None:
    assert setup({"caps": {"maxphyaddr": wanted}}).caps.maxphyaddr == bits


@pytest.mark.parametrize(("given", "extra", "message"), [
    ({"weather": "fine"}, {}, "given weather: cannot be set up"),
    ({"caps": {"svm": True}}, {}, "caps svm: AMD is not modelled"),
    ({"caps": {"levitation": True}}, {}, "caps levitation: no capability of the model"),
    ({"caps": {"maxphyaddr": "wide"}}, {}, "caps maxphyaddr: wide"),
    ({"l0": {"vendor": "svm"}}, {}, "vendor svm: AMD is not modelled"),
    ({"l0": {"vpid02": 3}}, {}, "vpid02 3: it is 2, or 0 when no VPID is left"),
    ({"l0": {"hat": "red"}}, {}, "given l0 hat: cannot be set up"),
    ({"l0": "wants to inject"}, {}, "given l0: wants to inject"),
    ({"vmcs12": {"levitate": True}}, {}, "vmcs12 levitate: this control is not modelled"),
    ({"vmcb": {"asid": 1}}, {}, "AMD is not modelled"),
    ({"mode": "64-bit, upside down"}, {}, "upside down: cannot be set up"),
    ({"l1": "CR4.FROB=1"}, {}, "CR4.FROB: no bit of CR4 in the model"),
    ({"guest_rflags": "odd"}, {}, "given guest_rflags: odd"),
    ({"eptp": {"walk": 5}}, {}, "given eptp: {'walk': 5}"),
    ({"default_state": "odd"}, {}, "given default_state: odd"),
    ({"cpuid": "VMX dim"}, {}, "VMX dim: cannot be set up"),
    ({"alignment": 16}, {}, "given alignment: 16"),
    ({}, {"mood": "good"}, "mood: no state that can be set up"),
    ({}, {"needs": "luck"}, "needs luck: no capability that a row can need"),
])
def test_what_cannot_be_set_up_is_unsupported(given: dict[str, Any], extra: dict[str, Any], message: str) -> None:
    with pytest.raises(Unsupported) as caught:
        setup(given, extra)
    assert str(caught.value) == message


def test_an_l2_of_which_nothing_is_said_calls_l1() -> None:
    found = setup({"l2": "32-bit, PAE paging"}, step="L1: vmlaunch")
    assert found.layout.l2_pae and found.calls_at_once
    assert not setup({"l2": "PAE paging"}, step="L2: load gva=V").calls_at_once
    assert setup({}, step="L1: vmwrite HOST_CR3 PML5").layout.pml5


def test_some_cases_hold_with_l1s_ept_off_and_on() -> None:
    both = case("L1: nop", given={"caps": {"ept": "off: from memory; on: from the VMCS"}})
    assert [dict(one.controls)[CONTROLS["enable_ept"]] for one in setups(both, {})] == [False, True]
    assert len(setups(both._replace(given={}, title="this, with and without EPT for L2"), {})) == 2
    assert setups(case("L1: nop"), {}) == (read(case("L1: nop"), {}),)


def test_what_l0_intercepts_is_intercepted_without_ept() -> None:
    assert not setup({}, step="L1: invpcid (intercepted)").config.enable_ept


@pytest.mark.parametrize(("given", "steps", "vmx"), [
    ({}, ("L1: vmxon",), False), ({"mode": "VMX root"}, ("L1: vmxon",), True), ({"vmx": "entered"}, ("L1: vmxon",), True),
    ({}, ("L1: vmxoff; vmxon",), True), ({}, ("L1: vmxoff", "L1: vmxon"), True), ({}, ("L1: vmxon", "L1: vmxoff"), False),
    ({"vmx": "not entered"}, ("L1: vmptrst",), False)])
def test_whether_l1_is_in_vmx_operation(given: dict[str, Any], steps: tuple[str, ...], vmx: bool) -> None:
    assert read(case(*steps, given=given), {}).vmx is vmx


@pytest.mark.parametrize(("caps", "limits"), [
    ({"shadow_vmcs": True, "vmwrite_ro_fields": "VMX_MISC bit 29"}, {}), ({"shadow_vmcs": False}, {"shadow_vmcs": False}),
    ({"vmwrite_ro_fields": False}, {"vmwrite_any_field": False})])
def test_what_kvm_emulates_can_be_hidden_from_l1(caps: dict[str, Any], limits: dict[str, Any]) -> None:
    assert dict(read(case("L1: nop", given={"caps": caps}), {}).config.l1_caps) == limits


def test_any_control_by_its_name_is_a_capability() -> None:
    assert setup({"caps": {"save_preemption_timer": True, "load_guest_pat": True}}) == setup({})
    hidden = setup({"caps": {"monitor_trap_flag": False, "save_pat": False}})
    assert hidden.config.l1_caps == (("lacks", (0, 1 << 27, 1 << 18, 0, 0)),)
