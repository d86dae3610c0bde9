"""What the oracle costs: plain running that stops before a forbidden use, against the same running that does not look."""

from __future__ import annotations

import gc

from kvmdbg.session.session import Session
from timing import Figure, seconds

LOOP = ("load 0x5000", "invlpg 0x5000", "mov cr3, 0x1000", "store 0x7000, 1", "cpuid", "vmcall")
ROUNDS = 150
L2 = ("map ept12 0x40000 0x40000 eptp=0x10000", "map ept12 0x60000 0x60000 eptp=0x10000",
      "map L2 0x800000 0x60000 cr3=0x40000 eptp=0x10000",
      "vmcs12 0x5000 VIRTUAL_PROCESSOR_ID=1 EPT_POINTER=0x10000 GUEST_CR3=0x40000", "poke 0x3000 0x11e57ed0",
      "inject vmxon 0x3000", "inject vmclear 0x5000", "inject vmptrld 0x5000", "inject vmlaunch")
L2_LOOP = ("load 0x800000", "store 0x800000, 1", "cpuid", "invlpg 0x800000", "load 0x800000", "vmcall", "vmresume")


def running(stops: str, before: tuple[str, ...], loop: tuple[str, ...]) -> float:
    """Seconds of a `continue` over a loop of instructions.  stops: "on" or "off"."""
    s = Session()
    s.execute("\n".join((f"set stop-on-forbidden {stops}", *before, "program", *loop * ROUNDS, "end")))
    return seconds(lambda: s.execute("continue"))


def against(before: tuple[str, ...], loop: tuple[str, ...]) -> float:
    """With the oracle over without it, taken in turns, so that a busy moment of the computer meets both."""
    gc.disable()
    taken: dict[str, list[float]] = {"off": [], "on": []}
    for _ in range(7):
        for stops, times in taken.items():
            times.append(running(stops, before, loop))
    gc.enable()
    return min(taken["on"]) / min(taken["off"])


def figures() -> list[Figure]:
    maps = ("map L1 0x5000 0x5000", "map L1 0x7000 0x7000", "continue")
    return [Figure("oracle on against off: plain running of L1", against(maps, LOOP), "x", 2.0),
            Figure("oracle on against off: plain running of L1 and L2", against(L2, L2_LOOP), "x", 2.0)]
