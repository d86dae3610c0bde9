"""VM entry: VMLAUNCH and VMRESUME after their common checks (SDM Vol. 3C 26; architecture.md D, E.2, E.6).

VmEntered comes before the VPID-0 invalidation and before guest state is loaded, so that one who steps by events stands
in front of the transition with everything still there.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from kvmdbg.machine.hw import (
    beyond_model,
    delivery,
    guest_state,
    host_state,
    msr_area,
    pending,
    unmodelled,
    virtual_interrupts,
    vmcs,
)
from kvmdbg.machine.hw.checking import CONTROL_AREA, GUEST_AREA, HOST_AREA, Read, Subject, subject
from kvmdbg.machine.hw.checks import first_problem
from kvmdbg.machine.hw.controls import (
    BLOCKING_MOV_SS,
    EXIT_REASON_FAILED_VMENTRY,
    EXIT_REASON_INVALID_STATE,
    EXIT_REASON_MSR_LOAD_FAIL,
    INTR_INFO_ERROR_CODE,
    INTR_INFO_VALID,
    INTR_TYPE_OTHER_EVENT,
    SEC_ENABLE_EPT,
    SEC_ENABLE_VPID,
)
from kvmdbg.machine.hw.events import VmEntered, VmEntryFailed
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instruction import ENTERED, EXITED, RETIRED
from kvmdbg.machine.hw.invalidate import vpid_transition
from kvmdbg.machine.hw.memory_operands import revision
from kvmdbg.machine.hw.modes import non_root
from kvmdbg.machine.hw.outcome import vmfail_invalid, vmfail_valid
from kvmdbg.machine.hw.state import NO_VMCS, VMX_NON_ROOT, Cpu, Hardware

NOT_CLEAR: Final = 4
NOT_LAUNCHED: Final = 5
INVALID_CONTROL: Final = 7
INVALID_HOST: Final = 8
MOV_SS: Final = 26
INVALID_GUEST: Final = EXIT_REASON_INVALID_STATE | EXIT_REASON_FAILED_VMENTRY
BAD_MSR: Final = EXIT_REASON_MSR_LOAD_FAIL | EXIT_REASON_FAILED_VMENTRY


class EntryResult(NamedTuple):
    """How a VM entry went."""

    entered: bool
    failed_invalid: bool     # VMfailInvalid: no current VMCS, or a shadow VMCS
    error: int               # VM-instruction error of VMfailValid: 4, 5, 7, 8 or 26; else 0
    exit_reason: int         # INVALID_GUEST or BAD_MSR when it failed late: host state is loaded; else 0
    check: str               # what was wrong, "" when entered
    left: bool = False       # entered, and a VM exit came while the injected event was being delivered

    @property
    def outcome(self) -> str:
        """ENTERED; EXITED when it failed late or did not last, as the host goes on where a VM exit leads; else RETIRED."""
        if self.entered and not self.left:
            return ENTERED
        return EXITED if self.exit_reason or self.left else RETIRED


SUCCESS: Final = EntryResult(True, False, 0, 0, "")
LEFT_AT_ONCE: Final = EntryResult(True, False, 0, 0, "", left=True)


def vm_entry(hw: Hardware, cpu: Cpu, launch: bool) -> EntryResult:
    """Enter the guest of the current VMCS, from VMX root operation at CPL 0.  launch: VMLAUNCH, else VMRESUME.

    raises: Unsupported for what the model lacks.
    """
    if cpu.current_vmcs == NO_VMCS:
        return _no_vmcs(hw, cpu, launch, "there is no current VMCS (SDM Vol. 3C 26.1)")
    if revision(hw, cpu.current_vmcs) & vmcs.SHADOW_INDICATOR:
        return _no_vmcs(hw, cpu, launch, "the current VMCS is a shadow VMCS (SDM Vol. 3C 26.1)")

    s = subject(hw, cpu, vmcs.reader(hw, cpu))
    error, check = _early_problem(s, launch)
    if error:
        return _fail_early(hw, cpu, launch, error, check)
    problem = first_problem(s, GUEST_AREA)
    if problem is not None:
        return _fail_late(hw, cpu, s.read, problem.text, problem.qualification)
    msr_area.refuse_long_lists(hw, s.read)
    unmodelled.refuse_unmodelled(s)
    beyond_model.refuse(s)
    virtual_interrupts.refuse_unmodelled(hw, s.read)
    if s.read(F.VM_ENTRY_MSR_LOAD_COUNT):
        guest_state.load(hw, cpu, s.read)
        number, check = msr_area.load(hw, cpu, s.read, msr_area.ENTRY_LOAD)
        if number:
            return _fail_late(hw, cpu, s.read, check, number, BAD_MSR)
    _enter(s, launch)
    return SUCCESS if non_root(cpu) else LEFT_AT_ONCE


def _early_problem(s: Subject, launch: bool) -> tuple[int, str]:
    """What ends the VM entry with VMfailValid, in the manual's order: (error, what was wrong), or (0, "")."""
    cpu = s.cpu
    if cpu.blocking & BLOCKING_MOV_SS:
        return MOV_SS, f"blocking by MOV SS is {cpu.blocking:#x}: must be 0 when VM entry begins (SDM Vol. 3C 26.1)"
    state = s.hw.launch_state.get(cpu.current_vmcs, "unknown, as it was never cleared")
    if launch and state != vmcs.CLEAR:
        return NOT_CLEAR, f"the launch state of VMCS {cpu.current_vmcs:#x} is {state}: must be clear (SDM Vol. 3C 26.1)"
    if not launch and state != vmcs.LAUNCHED:
        return NOT_LAUNCHED, f"the launch state of VMCS {cpu.current_vmcs:#x} is {state}: must be launched (SDM Vol. 3C 26.1)"
    for error, area in ((INVALID_CONTROL, CONTROL_AREA), (INVALID_HOST, HOST_AREA)):
        problem = first_problem(s, area)
        if problem is not None:
            return error, problem.text
    return 0, ""


def _enter(s: Subject, launch: bool) -> None:
    """The entry completes.  With an MSR area that is known only once guest state and the registers of the area are loaded."""
    hw, cpu, read, secondary = s
    vpid = read(F.VIRTUAL_PROCESSOR_ID) if secondary & SEC_ENABLE_VPID else 0
    eptp = read(F.EPT_POINTER) if secondary & SEC_ENABLE_EPT else 0
    hw.emit(VmEntered, cpu.id, cpu.current_vmcs, vpid, eptp)
    if not secondary & SEC_ENABLE_VPID:
        vpid_transition(hw, cpu, by="vm entry")
    if not read(F.VM_ENTRY_MSR_LOAD_COUNT):
        guest_state.load(hw, cpu, read)
    if launch:
        hw.launch_state[cpu.current_vmcs] = vmcs.LAUNCHED
    cpu.vmx = VMX_NON_ROOT
    cpu.vpid = vpid
    cpu.eptp = eptp
    pending.enter(hw, cpu, read)
    virtual_interrupts.enter(hw, cpu, read)
    _deliver(hw, cpu, read)


def _deliver(hw: Hardware, cpu: Cpu, read: Read) -> None:
    """The injected event, if any. It wakes a halted guest; what happens on the way to its handler may end in a VM exit."""
    info = read(F.VM_ENTRY_INTR_INFO_FIELD)
    if not info & INTR_INFO_VALID:
        return
    if info >> 8 & 7 == INTR_TYPE_OTHER_EVENT:
        hw.pending[cpu.id].mtf = True          # an MTF VM exit, whatever the control says (26.6.2)
        return
    kind = info >> 8 & 7
    error_code = read(F.VM_ENTRY_EXCEPTION_ERROR_CODE) if info & INTR_INFO_ERROR_CODE else None
    length = read(F.VM_ENTRY_INSTRUCTION_LEN) if kind in delivery.SOFTWARE else 0
    delivery.deliver(hw, cpu, delivery.Event(info & 0xFF, kind, error_code, length))


# -- failures -----------------------------------------------------------------------------------------------------------

def _name(launch: bool) -> str:
    return "vmlaunch" if launch else "vmresume"


def _no_vmcs(hw: Hardware, cpu: Cpu, launch: bool, check: str) -> EntryResult:
    """VMfailInvalid: no VMCS, or one that is no use for a VM entry."""
    hw.emit(VmEntryFailed, cpu.id, cpu.current_vmcs, 0, check)
    vmfail_invalid(hw, cpu, _name(launch))
    return EntryResult(False, True, 0, 0, check)


def _fail_early(hw: Hardware, cpu: Cpu, launch: bool, error: int, check: str) -> EntryResult:
    """VMfailValid: control goes to the next instruction."""
    hw.emit(VmEntryFailed, cpu.id, cpu.current_vmcs, error, check)
    vmfail_valid(hw, cpu, _name(launch), error)
    return EntryResult(False, False, error, 0, check)


def _fail_late(hw: Hardware, cpu: Cpu, read: Read, check: str, qualification: int,
               reason: int = INVALID_GUEST) -> EntryResult:
    """As a VM exit, but of the guest nothing is saved, and of the exit information only reason and qualification are.

    VPID 0000H is not invalidated: the manual asks for that on VM entries and VM exits, and this is neither quite.
    reason: BAD_MSR when an entry of the MSR area, whose number is the qualification, cannot be loaded.
    """
    hw.emit(VmEntryFailed, cpu.id, cpu.current_vmcs, reason, check)
    vmcs.write(hw, cpu, F.VM_EXIT_REASON, reason)
    vmcs.write(hw, cpu, F.EXIT_QUALIFICATION, qualification)
    host_state.load(hw, cpu, read)
    msr_area.load_host(hw, cpu, read)
    return EntryResult(False, False, 0, reason, check)
