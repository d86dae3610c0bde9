"""Which values CR0, CR3, CR4 and IA32_EFER may take on this processor (SDM Vol. 3A 2.5, 4.1; Vol. 3C 23.8).

Each function returns what is wrong with a value in words that follow "must", or "" when nothing is.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.beyond_model import beyond
from kvmdbg.machine.hw.controls import (
    CR0_AM,
    CR0_CD,
    CR0_EM,
    CR0_ET,
    CR0_MP,
    CR0_NE,
    CR0_NW,
    CR0_PE,
    CR0_PG,
    CR0_TS,
    CR0_WP,
    CR4_DE,
    CR4_FSGSBASE,
    CR4_LA57,
    CR4_MCE,
    CR4_OSFXSR,
    CR4_OSXMMEXCPT,
    CR4_OSXSAVE,
    CR4_PAE,
    CR4_PCE,
    CR4_PCIDE,
    CR4_PGE,
    CR4_PSE,
    CR4_PVI,
    CR4_SMAP,
    CR4_SMEP,
    CR4_TSD,
    CR4_UMIP,
    CR4_VME,
    CR4_VMXE,
    EFER_OFFERED,
)
from kvmdbg.machine.hw.state import Caps

CR0_DEFINED: Final = (CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | CR0_PG)
CR0_FIXED1: Final = CR0_PE | CR0_NE | CR0_PG          # IA32_VMX_CR0_FIXED0: must be 1 in VMX operation
CR3_NO_FLUSH: Final = 1 << 63                         # of the source operand of MOV CR3 with CR4.PCIDE = 1; never stored
_CR4_OFFERED: Final = (
    CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_MCE | CR4_PGE | CR4_PCE | CR4_OSFXSR | CR4_OSXMMEXCPT
    | CR4_UMIP | CR4_VMXE | CR4_FSGSBASE | CR4_OSXSAVE | CR4_SMEP | CR4_SMAP)


def cr4_offered(caps: Caps) -> int:
    """The bits of CR4 that may be 1: no SMXE, PKE, CET; PCIDE and LA57 as `caps` says."""
    return _CR4_OFFERED | (CR4_PCIDE if caps.pcid else 0) | (CR4_LA57 if caps.la57 else 0) | beyond(caps).cr4


def too_wide(address: int, caps: Caps) -> bool:
    """Has the physical address bits beyond the processor's width?"""
    return bool(address >> caps.maxphyaddr)


def page_address_problem(address: int, caps: Caps) -> str:
    """A physical address that must name a 4-KByte page."""
    if address & 0xFFF:
        return "have bits 11:0 = 0"
    return wide_problem(address, caps)


def wide_problem(address: int, caps: Caps) -> str:
    """A physical address that must fit the processor's width."""
    return f"have no bit above {caps.maxphyaddr - 1}" if too_wide(address, caps) else ""


def cr0_problem(value: int, must_be_1: int = 0) -> str:
    """CR0; must_be_1: the fixed bits of VMX operation, 0 outside it."""
    if value >> 32:
        return "have bits 63:32 = 0"
    if value & CR0_PG and not value & CR0_PE:
        return "not set PG without PE"
    if value & CR0_NW and not value & CR0_CD:
        return "not set NW without CD"
    missing = must_be_1 & ~value
    return f"set the fixed bits {missing:#x}" if missing else ""


def cr4_problem(value: int, caps: Caps, must_be_1: int = 0) -> str:
    """CR4; must_be_1: the fixed bits of VMX operation, 0 outside it."""
    reserved = value & ~cr4_offered(caps)
    if reserved:
        return f"not set {reserved:#x}, which this processor does not offer"
    missing = must_be_1 & ~value
    return f"set the fixed bits {missing:#x}" if missing else ""


def efer_problem(value: int) -> str:
    """IA32_EFER's reserved bits."""
    reserved = value & ~EFER_OFFERED
    return f"not set the reserved bits {reserved:#x}" if reserved else ""


def pat_problem(value: int) -> str:
    """IA32_PAT: eight memory types."""
    legal = all(value >> shift & 0xFF in (0, 1, 4, 5, 6, 7) for shift in range(0, 64, 8))
    return "" if legal else "hold memory types 0, 1, 4, 5, 6 or 7 in each byte"
