"""INT n."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.events import Delivered
from kvmdbg.machine.hw.execute import EXITED, FAULTED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from support import events
from vmx import GUEST_RIP, in_guest


def test_nothing_intercepts_it_and_the_guest_goes_on_behind_it() -> None:
    hw, cpu = in_guest({F.EXCEPTION_BITMAP: 0xFFFF_FFFF})
    assert execute(hw, cpu, parse_insn("int 0x80")) == FAULTED
    assert (events(hw, Delivered), cpu.rip) == ([Delivered(0, 0x80, 4, 0)], GUEST_RIP + 2)


def test_a_fault_of_its_delivery_is_not_external_and_has_its_length_in_the_vmcs() -> None:
    hw, cpu = in_guest({F.EXCEPTION_BITMAP: 1 << 13})
    cpu.descriptors = cpu.descriptors._replace(idtr_base=0x6_0000, idtr_limit=0)
    assert execute(hw, cpu, parse_insn("int 13")) == EXITED
    seen = [vmcs.read(hw, cpu, field) for field in (F.VM_EXIT_INTR_INFO, F.VM_EXIT_INTR_ERROR_CODE, F.IDT_VECTORING_INFO_FIELD,
                                                    F.VM_EXIT_INSTRUCTION_LEN)]
    assert seen == [1 << 31 | 1 << 11 | 3 << 8 | 13, 13 * 8 + 2, 1 << 31 | 4 << 8 | 13, 2]


@pytest.mark.parametrize("text", ["int", "int 256", "int #GP"])
def test_a_vector_has_eight_bits(text: str) -> None:
    with pytest.raises(UserError, match="vector"):
        parse_insn(text)
