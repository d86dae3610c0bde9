"""VM-entry checks on the host-state area and the address-space size, in the manual's order: error 8."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.checking import (
    HOST_AREA,
    Check,
    Rule,
    Subject,
    has,
    is_canonical,
    is_not_zero,
    lacks,
    only,
    plain,
    with_caps,
)
from kvmdbg.machine.hw.control_registers import (
    CR0_FIXED1,
    cr0_problem,
    cr4_problem,
    efer_problem,
    pat_problem,
    wide_problem,
)
from kvmdbg.machine.hw.controls import (
    CR0_NW,
    CR4_PAE,
    CR4_PCIDE,
    EFER_LMA,
    EFER_LME,
    ENTRY_IA32E_MODE,
    EXIT_HOST_ADDR_SPACE_SIZE,
    EXIT_LOAD_IA32_EFER,
    EXIT_LOAD_IA32_PAT,
    EXIT_LOAD_IA32_PERF_GLOBAL_CTRL,
    PERF_GLOBAL_OFFERED,
)
from kvmdbg.machine.hw.fields import F

REGISTERS: Final = "SDM Vol. 3C 26.2.2"
SEGMENTS: Final = "SDM Vol. 3C 26.2.3"
SIZE: Final = "SDM Vol. 3C 26.2.4"


def host_64(s: Subject) -> bool:
    """Will the host run in 64-bit mode after the VM exit?"""
    return bool(s.read(F.VM_EXIT_CONTROLS) & EXIT_HOST_ADDR_SPACE_SIZE)


def fixed_cr0(value: int, _: Subject) -> str:
    return cr0_problem(value & ~CR0_NW, CR0_FIXED1)       # NW and CD are not loaded and not checked


def fixed_cr4(value: int, s: Subject) -> str:
    return cr4_problem(value, s.caps, s.caps.cr4_fixed0)


def efer_of_host(value: int, s: Subject) -> str:
    problem = efer_problem(value)
    if problem:
        return problem
    wanted = EFER_LMA | EFER_LME if host_64(s) else 0
    return "" if value & (EFER_LMA | EFER_LME) == wanted else "have LMA and LME equal to HOST_ADDR_SPACE_SIZE"


def no_rpl_no_ti(value: int, _: Subject) -> str:
    return "have RPL (bits 1:0) and TI (bit 2) = 0" if value & 7 else ""


def size_is_lma(value: int, s: Subject) -> str:
    """The VM-exit control against IA32_EFER.LMA as it is now, before the VM entry."""
    if bool(value & EXIT_HOST_ADDR_SPACE_SIZE) == bool(s.cpu.efer & EFER_LMA):
        return ""
    return f"have HOST_ADDR_SPACE_SIZE = {int(bool(s.cpu.efer & EFER_LMA))}, as IA32_EFER.LMA is now"


def no_ia32e_guest(value: int, _: Subject) -> str:
    return "not set IA32E_MODE under a host outside IA-32e mode" if value & ENTRY_IA32E_MODE else ""


def pae_for_64(value: int, _: Subject) -> str:
    return "" if value & CR4_PAE else "set PAE for a 64-bit host"


def no_pcide(value: int, _: Subject) -> str:
    return "not set PCIDE for a 32-bit host" if value & CR4_PCIDE else ""


LOAD_PERF: Final = has(F.VM_EXIT_CONTROLS, EXIT_LOAD_IA32_PERF_GLOBAL_CTRL)
LOAD_PAT: Final = has(F.VM_EXIT_CONTROLS, EXIT_LOAD_IA32_PAT)
LOAD_EFER: Final = has(F.VM_EXIT_CONTROLS, EXIT_LOAD_IA32_EFER)
HOST_32: Final = lacks(F.VM_EXIT_CONTROLS, EXIT_HOST_ADDR_SPACE_SIZE)
CANONICAL: Final[Rule] = is_canonical
H: Final = HOST_AREA
SELECTORS: Final = {"CS": F.HOST_CS_SELECTOR, "SS": F.HOST_SS_SELECTOR, "DS": F.HOST_DS_SELECTOR, "ES": F.HOST_ES_SELECTOR,
                    "FS": F.HOST_FS_SELECTOR, "GS": F.HOST_GS_SELECTOR, "TR": F.HOST_TR_SELECTOR}
BASES: Final = {"FS": F.HOST_FS_BASE, "GS": F.HOST_GS_BASE, "GDTR": F.HOST_GDTR_BASE, "IDTR": F.HOST_IDTR_BASE,
                "TR": F.HOST_TR_BASE}

HOST_CHECKS: Final[tuple[Check, ...]] = (
    Check("host CR0 has the fixed bits", H, REGISTERS, F.HOST_CR0, fixed_cr0),
    Check("host CR4 has the fixed bits", H, REGISTERS, F.HOST_CR4, fixed_cr4),
    Check("host CR3 fits the physical-address width", H, REGISTERS, F.HOST_CR3, with_caps(wide_problem)),
    Check("host SYSENTER_ESP is canonical", H, REGISTERS, F.HOST_IA32_SYSENTER_ESP, CANONICAL),
    Check("host SYSENTER_EIP is canonical", H, REGISTERS, F.HOST_IA32_SYSENTER_EIP, CANONICAL),
    Check("host PERF_GLOBAL_CTRL has no reserved bit", H, REGISTERS, F.HOST_IA32_PERF_GLOBAL_CTRL, only(PERF_GLOBAL_OFFERED),
          LOAD_PERF),
    Check("host PAT holds memory types", H, REGISTERS, F.HOST_IA32_PAT, plain(pat_problem), LOAD_PAT),
    Check("host EFER fits the address-space size", H, REGISTERS, F.HOST_IA32_EFER, efer_of_host, LOAD_EFER),

    *(Check(f"host {name} selector has RPL = TI = 0", H, SEGMENTS, field, no_rpl_no_ti) for name, field in SELECTORS.items()),
    Check("host CS selector is not 0", H, SEGMENTS, F.HOST_CS_SELECTOR, is_not_zero),
    Check("host TR selector is not 0", H, SEGMENTS, F.HOST_TR_SELECTOR, is_not_zero),
    Check("host SS selector is not 0 for a 32-bit host", H, SEGMENTS, F.HOST_SS_SELECTOR, is_not_zero, HOST_32),
    *(Check(f"host {name} base is canonical", H, SEGMENTS, field, CANONICAL) for name, field in BASES.items()),

    Check("the host's address-space size is the present one", H, SIZE, F.VM_EXIT_CONTROLS, size_is_lma),
    Check("a 32-bit host has no IA-32e guest", H, SIZE, F.VM_ENTRY_CONTROLS, no_ia32e_guest, HOST_32),
    Check("a 32-bit host has no PCIDE", H, SIZE, F.HOST_CR4, no_pcide, HOST_32),
    Check("a 32-bit host's RIP has 32 bits", H, SIZE, F.HOST_RIP, only(0xFFFF_FFFF), HOST_32),
    Check("a 64-bit host has PAE", H, SIZE, F.HOST_CR4, pae_for_64, host_64),
    Check("a 64-bit host's RIP is canonical", H, SIZE, F.HOST_RIP, CANONICAL, host_64),
)
