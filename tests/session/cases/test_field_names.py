"""Names of VMCS fields as cases give them."""

from __future__ import annotations

import pytest

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.fields import F
from kvmdbg.session.cases import field_names
from kvmdbg.session.cases.field_names import encoding, word


@pytest.mark.parametrize(("name", "number"), [
    ("VPID", F.VIRTUAL_PROCESSOR_ID), ("GUEST_CR3", F.GUEST_CR3), ("guest_cr3", F.GUEST_CR3), ("EPT_POINTER", F.EPT_POINTER),
    ("TSC_OFFSET", F.TSC_OFFSET), ("TSC_OFFSET_HIGH", F.TSC_OFFSET + 1), ("HOST_BASE_FS", F.HOST_FS_BASE),
    ("HOST_SEL_CS", F.HOST_CS_SELECTOR), ("EXIT_REASON", F.VM_EXIT_REASON), ("VM_INSTRUCTION_ERROR", F.VM_INSTRUCTION_ERROR),
    ("GUEST_AR_CS", F.GUEST_CS_AR_BYTES), ("GUEST_LIMIT_ES", F.GUEST_ES_LIMIT), ("EPTP_HI", F.EPT_POINTER + 1), ("0x2011", 0x2011),
    ("CR3_TARGET_2", F.CR3_TARGET_VALUE2), ("VMX_INST_ERROR", F.VM_INSTRUCTION_ERROR), ("GUEST_PDPTE3", F.GUEST_PDPTR3),
    ("0x7ffe", 0x7FFE),
])
def test_names(name: str, number: int) -> None:
    assert encoding(name) == number


@pytest.mark.parametrize("name", ["FROB", "GUEST_CR3_HIGH", "HOST_SEL_XX", ""])
def test_no_such_field(name: str) -> None:
    with pytest.raises(Unsupported, match="no VMCS field"):
        encoding(name)


def test_the_debuggers_word_for_a_field() -> None:
    assert word(F.GUEST_CR3) == "GUEST_CR3"
    assert word(F.TSC_OFFSET + 1) == hex(F.TSC_OFFSET + 1)
    assert word(0xFFFF_FFFF) == "0xffffffff"


def test_whether_a_name_is_known() -> None:
    assert field_names.known("EXIT_MSR_LOAD_COUNT") and not field_names.known("HAIR")
