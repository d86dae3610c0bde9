"""IA32_APIC_BASE of a guest."""

from __future__ import annotations

import pytest

from kvm_support import Machine
from kvmdbg.errors import Unsupported
from kvmdbg.machine.kvm.apic_access_page import RESET_VALUE


def test_it_is_there_where_the_mode_of_the_apic_changes_something() -> None:
    m = Machine(apic_access_page=True, nested=False)
    m.run("rdmsr 0x1b")
    assert m.cpu.rax == RESET_VALUE


@pytest.mark.parametrize("text", ["rdmsr 0x1b", "wrmsr 0x1b, 0xfee00900"])
def test_elsewhere_it_is_refused(text: str) -> None:
    m = Machine()
    m.run("nop")
    m.program(text)
    with pytest.raises(Unsupported, match="IA32_APIC_BASE is not modelled"):
        m.step_to("never")
