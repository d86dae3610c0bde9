"""What the tape costs: a machine that records against the same machine bare."""

from __future__ import annotations

import gc

from kvmdbg.explore.schedule import run_until_waiting
from kvmdbg.machine.actions import load_program
from kvmdbg.machine.boot import boot
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.instructions import parse_insn
from timing import Figure, seconds

PROGRAM = tuple(map(parse_insn, ("load 0x5000", "invlpg 0x5000", "mov cr3, 0x1000", "store 0x7000, 1", "cpuid", "vmcall"))) * 150


def work(recording: bool, listening: bool) -> None:
    """L1 runs a program of 900 instructions, a third of which exit."""
    kvm = boot(kernel("v6.12"), recording=recording, listening=listening)
    load_program(kvm, 0, PROGRAM, front=True)
    run_until_waiting(kvm, 0)


def figures() -> list[Figure]:
    gc.disable()
    taken: dict[tuple[bool, bool], list[float]] = {(False, False): [], (True, False): [], (True, True): []}
    for _ in range(7):                       # in turns, so that a busy moment of the computer meets all three
        for how, times in taken.items():
            times.append(seconds(lambda how=how: work(*how)))
    gc.enable()
    bare, recording, listening = (min(times) for times in taken.values())
    return [Figure("machine, bare: an instruction", bare / len(PROGRAM) * 1e6, "us", None),
            Figure("machine, recording: against bare", recording / bare, "x", 4.0),
            Figure("machine, recording and keeping call stacks: against bare", listening / bare, "x", None)]
