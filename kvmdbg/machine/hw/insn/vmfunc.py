"""VMFUNC: a service that the guest may use without its host, EPTP switching."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import invalidate, vmcs
from kvmdbg.machine.hw.checking import secondary_controls
from kvmdbg.machine.hw.controls import EXIT_REASON_VMFUNC, SEC_ENABLE_VMFUNC, SEC_ENABLE_VPID
from kvmdbg.machine.hw.ept import eptp_valid
from kvmdbg.machine.hw.faults import GuestFault, VmExit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instruction import Operands, instruction
from kvmdbg.machine.hw.memory import read64
from kvmdbg.machine.hw.modes import non_root
from kvmdbg.machine.hw.operands import VALUE_32
from kvmdbg.machine.hw.state import Cpu, Hardware

FUNCTIONS: Final = 64                 # EAX names one of them
EPTP_LIST_ENTRIES: Final = 512


def undefined(hw: Hardware, cpu: Cpu) -> bool:
    """Only a guest with "enable VM functions" has it."""
    return not non_root(cpu) or not secondary_controls(vmcs.reader(hw, cpu)) & SEC_ENABLE_VMFUNC


def exits(hw: Hardware, cpu: Cpu, operands: Operands) -> VmExit | None:
    """A function that is not enabled; EPTP switching beyond the list, or to an EPTP that VM entry would refuse."""
    function, index = operands
    if function >= FUNCTIONS:
        raise GuestFault("#UD")
    leaves = VmExit(EXIT_REASON_VMFUNC)
    if not vmcs.read(hw, cpu, F.VM_FUNCTION_CONTROL) >> function & 1 or index >= EPTP_LIST_ENTRIES:
        return leaves
    return leaves if eptp_valid(listed(hw, cpu, index), hw.caps) else None


def listed(hw: Hardware, cpu: Cpu, index: int) -> int:
    """Entry of the EPTP list, by physical address."""
    return read64(hw, vmcs.read(hw, cpu, F.EPTP_LIST_ADDRESS) + 8 * index)


@instruction("vmfunc", operands=(VALUE_32, VALUE_32), forms=("vmfunc 0, INDEX",), undefined=undefined, exits=exits,
             source="SDM Vol. 3C 25.5.5, 25.5.5.3, 30.3 VMFUNC")
def run(hw: Hardware, cpu: Cpu, function: int, index: int) -> None:
    """Use an EPT pointer of the EPTP list from now on; any privilege level.  EAX is the function, ECX the index.

    The PDPTE registers stay, and so does everything cached, but for the combined mappings of a guest without VPID.
    """
    eptp = listed(hw, cpu, index)
    if not secondary_controls(vmcs.reader(hw, cpu)) & SEC_ENABLE_VPID:
        invalidate.eptp_switch(hw, cpu)
    vmcs.write(hw, cpu, F.EPT_POINTER, eptp)
    cpu.eptp = eptp
