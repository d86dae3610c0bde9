"""dump_vmcs() of several kernels."""

from __future__ import annotations

import pytest

from dump_support import STYLES, Read, fields, vmcs_log
from kvmdbg.machine.hw import controls as c
from kvmdbg.machine.hw.fields import FIELDS, F, by_name
from kvmdbg.session.dumps.vmcs import VmcsFormat, fields_of, missing, printed, too_wide, vmcs_dumps
from session_support import session

WITH_EVERYTHING = {
    "PIN_BASED_VM_EXEC_CONTROL": 0xFF, "SECONDARY_VM_EXEC_CONTROL": 0x021F_37EB, "CPU_BASED_VM_EXEC_CONTROL": 0xB5A0_6DFA,
    "VM_ENTRY_CONTROLS": 0xD3FF, "VM_EXIT_CONTROLS": 0x3C_EFFF, "GUEST_INTR_STATUS": 0x2131, "POSTED_INTR_NV": 0xF2,
    "TPR_THRESHOLD": 4, "APIC_ACCESS_ADDR": 0x1234_5000, "VIRTUAL_APIC_PAGE_ADDR": 0x1234_6000, "EPT_POINTER": 0x1_0BE5_505E,
    "PLE_GAP": 0x80, "PLE_WINDOW": 0x1000, "TSC_MULTIPLIER": 1 << 48, "VIRTUAL_PROCESSOR_ID": 9, "GUEST_PDPTR2": 0x5001,
    "GUEST_GS_BASE": 0xFFFF_8880_0000_0000, "GUEST_IA32_PAT": 0x7040600070406, "HOST_IA32_PAT": 0x0407_0506_0007_0106,
    "VM_EXIT_REASON": 0x8000_0021, "GUEST_ACTIVITY_STATE": 1,
    "GUEST_INTERRUPTIBILITY_INFO": 8, "HOST_GDTR_BASE": 0xFFFF_FE00_0000_1000}


def read(**changes: int) -> Read:
    return fields(session("continue"), **changes)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("changes", [{}, WITH_EVERYTHING], ids=["plain", "everything"])
def test_every_field_that_is_printed_is_read(style: str, changes: dict[str, int]) -> None:
    was = read(**changes)
    found = fields_of(next(vmcs_dumps(vmcs_log(was, style))))
    assert len(found) > 80 and {FIELDS[encoding].name: value for encoding, value in found.items()} == \
        {FIELDS[encoding].name: was(FIELDS[encoding].name) for encoding in found}
    assert not changes or found[F.GUEST_INTR_STATUS] == 0x2131


def test_names_of_forms_are_names_of_fields() -> None:
    unknown = {name for forms in VmcsFormat.sections.values() for one in forms for name in one.names if by_name(name) is None}
    assert unknown == {"SVI", "RVI", "EFER_EFFECTIVE", "EFER_AUTOLOAD"}


def test_efer_that_is_no_field() -> None:
    was = read(VM_ENTRY_CONTROLS=0x13FF, GUEST_IA32_EFER=0x500)
    dump = next(vmcs_dumps(vmcs_log(was)))
    assert dump.values["EFER_EFFECTIVE"] == 0x500 and F.GUEST_IA32_EFER not in fields_of(dump)


def test_lists_of_msrs() -> None:
    dump = next(vmcs_dumps(vmcs_log(read(), msrs=((0xC000_0080, 0xD01), (0x38F, 7)))))
    assert dump.lists == {"guest autoload": [(0xC000_0080, 0xD01), (0x38F, 7)]}


def test_what_was_lost_is_named() -> None:
    log = vmcs_log(read(**WITH_EVERYTHING))
    dump = next(vmcs_dumps("\n".join(line for line in log.splitlines() if "EPT pointer" not in line and "GDTR" not in line)))
    assert missing(dump) == ["GUEST_GDTR_LIMIT", "GUEST_GDTR_BASE", "EPT_POINTER"]
    assert missing(next(vmcs_dumps(log))) == []


def test_a_kernel_prints_only_what_is_in_use() -> None:
    assert "EPT_POINTER" in printed({F.SECONDARY_VM_EXEC_CONTROL: c.SEC_ENABLE_EPT}) and "EPT_POINTER" not in printed({})


def test_a_number_that_does_not_fit() -> None:
    log = vmcs_log(read()).replace("sel=0x0010", "sel=0x10010", 1)
    assert too_wide(next(vmcs_dumps(log))) == ["GUEST_CS_SELECTOR = 0x10010 does not fit 16 bits"]


def test_two_statements_of_the_interrupt_status() -> None:
    log = vmcs_log(read(**WITH_EVERYTHING)).replace("SVI|RVI = 21|31", "SVI|RVI = 21|30")
    assert next(vmcs_dumps(log)).contradictions == ["GUEST_INTR_STATUS is 0x2131, and SVI|RVI says 0x2130"]
