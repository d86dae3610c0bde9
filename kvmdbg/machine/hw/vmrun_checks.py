"""The consistency checks of VMRUN: what makes it end with #VMEXIT VMEXIT_INVALID (APM Vol. 2 15.5.1, 15.20, 15.25).

What needs more than the VMCB is left out: the host's CR0.PG under nested paging, and PDPTEs in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from kvmdbg.machine.hw.control_registers import pat_problem
from kvmdbg.machine.hw.controls import CR0_CD, CR0_NW, CR0_PE, CR0_PG, CR4_PAE, EFER_LME
from kvmdbg.machine.hw.vmcb import SAVE, VMCB_FIELDS

EFER_SVME: Final = 1 << 12
NP_ENABLE: Final = 1 << 0                # of nested_ctl
SEV_ES: Final = 1 << 2
INTERCEPT_VMRUN: Final = 1 << 0          # of intercept vector 4
CS_L: Final = 1 << 9                     # of an attribute word as the VMCB has it: 12 bits without a gap
CS_D: Final = 1 << 10
CR4_DEFINED: Final = 0xF7_1FFF & ~0x6000 & ~0x8_0000     # VME .. OSXMMEXCPT, UMIP, LA57, FSGSBASE .. OSXSAVE, SMEP .. CET
EFER_DEFINED: Final = 0x3F_FD01 & ~0x1_0000 & ~0x8_0000   # SCE, LME, LMA .. TCE, MCOMMIT, INTWB, UAIE, AIBRSE
EVENT_VALID: Final = 1 << 31
EVENT_TYPES: Final = {0: "external interrupt", 2: "NMI", 3: "exception", 4: "software interrupt"}
EXCEPTION: Final = 3
NMI_VECTOR: Final = 2

Read = Callable[[str], int]
Vmcb = Mapping[str, int]


class VmrunProblem(NamedTuple):
    """A check that fails."""

    check: str
    text: str            # "field = 0x0: must ... (source)"


class VmrunCheck(NamedTuple):
    """One condition of VMRUN.  rule: words that follow "must", or "" if the field is right."""

    name: str
    source: str
    field: str
    rule: Callable[[int, Read, int], str]      # (value, other fields, width of physical addresses)


def _unless(wrong: bool, words: str) -> str:
    return words if wrong else ""


def _long_mode(read: Read) -> bool:
    return bool(read("efer") & EFER_LME and read("cr0") & CR0_PG)


def _address(value: int, read: Read, width: int) -> str:
    return _unless(bool(value >> width), f"have no bit above {width - 1}")


def _event(value: int, read: Read, width: int) -> str:
    if not value & EVENT_VALID:
        return ""
    kind, vector = value >> 8 & 7, value & 0xFF
    if kind not in EVENT_TYPES:
        return f"not name the event type {kind}, which is reserved"
    return _unless(kind == EXCEPTION and (vector == NMI_VECTOR or vector > 31), f"not inject {vector} as an exception")


VMRUN_CHECKS: Final = (
    VmrunCheck("guest EFER.SVME", "APM Vol. 2 15.5.1", "efer", lambda v, r, w: _unless(not v & EFER_SVME, "set SVME")),
    VmrunCheck("guest CR0.NW needs CR0.CD", "APM Vol. 2 15.5.1", "cr0",
               lambda v, r, w: _unless(bool(v & CR0_NW) and not v & CR0_CD, "not set NW without CD")),
    VmrunCheck("guest CR0 bits 63:32", "APM Vol. 2 15.5.1", "cr0", lambda v, r, w: _unless(bool(v >> 32), "have bits 63:32 = 0")),
    VmrunCheck("guest CR3 reserved bits", "APM Vol. 2 15.5.1", "cr3",
               lambda v, r, w: _address(v, r, w) if _long_mode(r) else ""),
    VmrunCheck("guest CR4 reserved bits", "APM Vol. 2 15.5.1", "cr4",
               lambda v, r, w: _unless(bool(v & ~CR4_DEFINED), f"not set {v & ~CR4_DEFINED:#x}")),
    VmrunCheck("guest DR6 bits 63:32", "APM Vol. 2 15.5.1", "dr6", lambda v, r, w: _unless(bool(v >> 32), "have bits 63:32 = 0")),
    VmrunCheck("guest DR7 bits 63:32", "APM Vol. 2 15.5.1", "dr7", lambda v, r, w: _unless(bool(v >> 32), "have bits 63:32 = 0")),
    VmrunCheck("guest EFER reserved bits", "APM Vol. 2 15.5.1", "efer",
               lambda v, r, w: _unless(bool(v & ~EFER_DEFINED), f"not set {v & ~EFER_DEFINED:#x}")),
    VmrunCheck("long mode with paging needs CR4.PAE", "APM Vol. 2 15.5.1", "cr4",
               lambda v, r, w: _unless(_long_mode(r) and not v & CR4_PAE, "set PAE, as EFER.LME and CR0.PG are set")),
    VmrunCheck("long mode with paging needs CR0.PE", "APM Vol. 2 15.5.1", "cr0",
               lambda v, r, w: _unless(_long_mode(r) and not v & CR0_PE, "set PE, as EFER.LME and CR0.PG are set")),
    VmrunCheck("64-bit code has no 32-bit default", "APM Vol. 2 15.5.1", "cs.attrib",
               lambda v, r, w: _unless(_long_mode(r) and bool(r("cr4") & CR4_PAE) and v & (CS_L | CS_D) == CS_L | CS_D,
                                       "not set L and D together in long mode")),
    VmrunCheck("VMRUN is intercepted", "APM Vol. 2 15.5.1", "intercepts4",
               lambda v, r, w: _unless(not v & INTERCEPT_VMRUN, "intercept VMRUN (bit 0)")),
    VmrunCheck("the MSR permission map", "APM Vol. 2 15.5.1", "msrpm_base_pa", _address),
    VmrunCheck("the I/O permission map", "APM Vol. 2 15.5.1", "iopm_base_pa", _address),
    VmrunCheck("the event to inject", "APM Vol. 2 15.20", "event_inj", _event),
    VmrunCheck("the ASID", "APM Vol. 2 15.5.1", "asid", lambda v, r, w: _unless(v == 0, "not be 0, which is the host's")),
    VmrunCheck("the nested CR3", "APM Vol. 2 15.25.4", "nested_cr3",
               lambda v, r, w: _address(v, r, w) if r("nested_ctl") & NP_ENABLE else ""),
    VmrunCheck("the guest's PAT under nested paging", "APM Vol. 2 15.25.4", "g_pat",
               lambda v, r, w: pat_problem(v) if r("nested_ctl") & NP_ENABLE else ""))


def vmrun_problems(vmcb: Vmcb, width: int) -> tuple[VmrunProblem, ...]:
    """Every check that a VMCB fails.  width: of physical addresses, in bits.  A field that is not there passes.

    So does the state-save area of a guest with SEV-ES: it is encrypted, and elsewhere.
    """
    def read(name: str) -> int:
        return vmcb.get(name, 0)

    encrypted = read("nested_ctl") & SEV_ES
    found = ((check, check.rule(vmcb[check.field], read, width)) for check in VMRUN_CHECKS if check.field in vmcb
             and not (encrypted and VMCB_FIELDS[check.field].area == SAVE))
    return tuple(VmrunProblem(check.name, f"{check.field} = {vmcb[check.field]:#x}: must {demand} ({check.source})")
                 for check, demand in found if demand)
