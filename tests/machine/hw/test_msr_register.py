"""How registers are declared."""

from __future__ import annotations

import pytest

from kvmdbg.errors import ModelBug
from kvmdbg.machine.hw.msr_register import is_canonical, keep, kept, kept_msr
from kvmdbg.machine.hw.msrs import BY_NUMBER
from kvmdbg.machine.hw.state import Caps
from support import new_hardware


def test_a_register_that_is_kept_has_its_reset_value_until_it_is_written() -> None:
    hw = new_hardware(cpus=2)
    assert kept(hw, hw.cpus[0], 0x1234, 7) == 7
    keep(hw, hw.cpus[0], 0x1234, 8)
    assert (kept(hw, hw.cpus[0], 0x1234, 7), kept(hw, hw.cpus[1], 0x1234, 7)) == (8, 7)


def test_a_name_declared_twice_is_our_mistake() -> None:
    with pytest.raises(ModelBug):
        kept_msr(0x1234, "IA32_STAR", source="SDM")


@pytest.mark.parametrize("name", ["IA32_SYSENTER_ESP", "IA32_SYSENTER_EIP", "IA32_FS_BASE", "IA32_GS_BASE", "IA32_KERNEL_GS_BASE",
                                  "IA32_LSTAR", "IA32_CSTAR"])
@pytest.mark.parametrize("la57", [False, True])
def test_addresses_are_canonical_to_the_processors_width(name: str, la57: bool) -> None:
    hw = new_hardware(Caps(la57=la57))
    msr = next(msr for msr in BY_NUMBER.values() if msr.name == name)
    assert msr.write(hw, hw.cpus[0], 1 << 50) is la57 is is_canonical(hw, 1 << 50)
    assert msr.read(hw, hw.cpus[0]) == (1 << 50 if la57 else 0)
