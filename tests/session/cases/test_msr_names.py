"""Names of registers in cases."""

from __future__ import annotations

import pytest

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases import msr_names


@pytest.mark.parametrize(("name", "number"), [
    ("IA32_EFER", 0xC000_0080), ("EFER", 0xC000_0080), ("TSC", 0x10), ("IA32_TSC", 0x10), ("TSC_ADJUST", 0x3B),
    ("FEATURE_CONTROL", 0x3A), ("MSR_IA32_FEAT_CTL", 0x3A), ("VMX_VMCS_ENUM", 0x48A), ("IA32_VMX_EPT_VPID_CAP", 0x48C),
    ("MSR_KERNEL_GS_BASE", 0xC000_0102), ("0x1d9", 0x1D9), ("MSR_KVM_STEAL_TIME", 0x4B56_4D03)])
def test_every_spelling_is_found(name: str, number: int) -> None:
    assert msr_names.number(name) == number
    assert msr_names.exists(number)


def test_how_the_debugger_takes_them() -> None:
    assert msr_names.word(0x10) == "IA32_TIME_STAMP_COUNTER" and msr_names.word(0x1234) == "0x1234"
    assert not msr_names.exists(0x1234)


def test_a_name_that_no_register_has() -> None:
    with pytest.raises(Unsupported, match="XYZZY: no model-specific register"):
        msr_names.number("XYZZY")
