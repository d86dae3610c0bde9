"""INT1."""

from __future__ import annotations

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.execute import EXITED, execute
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from vmx import in_guest


def test_its_exit_is_a_privileged_software_exception() -> None:
    hw, cpu = in_guest({F.EXCEPTION_BITMAP: 1 << 1})
    assert execute(hw, cpu, parse_insn("int1")) == EXITED
    assert vmcs.read(hw, cpu, F.VM_EXIT_INTR_INFO) == 1 << 31 | 5 << 8 | 1
