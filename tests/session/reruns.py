"""Sessions to run again: an L1 that gives its L2 another VPID and another address space in one VMCS."""

from __future__ import annotations

from typing import Any

from kvmdbg.session.session import Session
from session_support import session

TABLES = ("map ept12 0x40000 0x40000 eptp=0x10000", "map ept12 0x50000 0x50000 eptp=0x10000",
          "map ept12 0x60000 0x60000 eptp=0x10000", "map ept12 0x70000 0x70000 eptp=0x10000",
          "map L2 0x800000 0x60000 cr3=0x40000 eptp=0x10000", "map L2 0x800000 0x70000 cr3=0x50000 eptp=0x10000",
          "poke 0x60000 6", "poke 0x70000 7", "poke 0x3000 0x11e57ed0",
          "vmcs12 0x5000 VIRTUAL_PROCESSOR_ID=1 EPT_POINTER=0x10000 GUEST_CR3=0x40000")
FIRST = ("program", "vmxon 0x3000", "vmclear 0x5000", "vmptrld 0x5000", "end", "continue", "inject vmlaunch",
         "inject load 0x800000", "expect cpu0.rax == 6")
SECOND = ("inject vmcall", "inject vmwrite VIRTUAL_PROCESSOR_ID, 2", "inject vmwrite GUEST_CR3, 0x50000", "mark again",
          "inject vmresume", "inject load 0x800000", "expect cpu0.rax == 7")


def two_spaces(*more: str, kernel: str = "v6.12", **how: Any) -> Session:
    """L2 has read 6 with VPID 1 and 7 with VPID 2, at the same address."""
    return session(*TABLES, *FIRST, *SECOND, *more, kernel=kernel, **how)
