"""What CPUID says: the leaves about what the model has (SDM Vol. 2A CPUID). Any other leaf is all zero."""

from __future__ import annotations

from typing import Final, NamedTuple

from kvmdbg.machine.hw.controls import CR4_OSXSAVE
from kvmdbg.machine.hw.state import Caps

BASIC: Final = 0x0
FEATURES: Final = 0x1
STRUCTURED: Final = 0x7
EXTENDED: Final = 0x8000_0000
EXTENDED_FEATURES: Final = 0x8000_0001
ADDRESSES: Final = 0x8000_0008

VMX: Final = 1 << 5                   # CPUID.01H:ECX
PCID: Final = 1 << 17
XSAVE: Final = 1 << 26
OSXSAVE: Final = 1 << 27
HYPERVISOR: Final = 1 << 31
FEATURES_EDX: Final = 0x078B_FBFF     # FPU to SSE2: what every 64-bit processor has
FSGSBASE: Final = 1 << 0              # CPUID.07H.0:EBX
TSC_ADJUST: Final = 1 << 1
SMEP: Final = 1 << 7
INVPCID: Final = 1 << 10
SMAP: Final = 1 << 20
UMIP: Final = 1 << 2                  # CPUID.07H.0:ECX
LA57: Final = 1 << 16
SYSCALL: Final = 1 << 11              # CPUID.80000001H:EDX
XD: Final = 1 << 20
PAGE_1G: Final = 1 << 26
RDTSCP: Final = 1 << 27
LONG_MODE: Final = 1 << 29


class Leaf(NamedTuple):
    """The four registers of a leaf."""

    eax: int = 0
    ebx: int = 0
    ecx: int = 0
    edx: int = 0


NOTHING: Final = Leaf()


def _letters(text: str) -> int:
    return int.from_bytes(text.encode(), "little")


def leaves(caps: Caps, cr4: int, vmx: bool = True) -> dict[int, Leaf]:
    """Every leaf of a processor with `caps`; cr4: its CR4, whose OSXSAVE a bit mirrors.  vmx: does it offer VMX?"""
    features = XSAVE | (VMX if vmx else 0) | (PCID if caps.pcid else 0) | (OSXSAVE if cr4 & CR4_OSXSAVE else 0)
    structured = FSGSBASE | TSC_ADJUST | SMEP | SMAP | (INVPCID if caps.invpcid else 0)
    return {
        BASIC: Leaf(STRUCTURED, _letters("Genu"), _letters("ntel"), _letters("ineI")),
        FEATURES: Leaf(ecx=features, edx=FEATURES_EDX),
        STRUCTURED: Leaf(ebx=structured, ecx=UMIP | (LA57 if caps.la57 else 0)),
        EXTENDED: Leaf(ADDRESSES),
        EXTENDED_FEATURES: Leaf(edx=SYSCALL | XD | RDTSCP | LONG_MODE | (PAGE_1G if caps.page_1g else 0)),
        ADDRESSES: Leaf(caps.maxphyaddr | caps.linear_bits << 8),
    }
