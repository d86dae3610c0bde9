"""The VM-entry checks as one table in the manual's order, and what a VMCS fails (SDM Vol. 3C 26.2, 26.3; E.2)."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.checking import CONTROL_AREA, GUEST_AREA, HOST_AREA, Check, Problem, Read, Subject, subject
from kvmdbg.machine.hw.control_checks import CONTROL_CHECKS
from kvmdbg.machine.hw.guest_checks import GUEST_CHECKS
from kvmdbg.machine.hw.host_checks import HOST_CHECKS
from kvmdbg.machine.hw.state import Cpu, Hardware

CHECKS: Final[tuple[Check, ...]] = (*CONTROL_CHECKS, *HOST_CHECKS, *GUEST_CHECKS)
_BY_AREA: Final = {CONTROL_AREA: CONTROL_CHECKS, HOST_AREA: HOST_CHECKS, GUEST_AREA: GUEST_CHECKS}


def first_problem(s: Subject, area: str) -> Problem | None:
    """The first check of `area` that fails, or None."""
    for check in _BY_AREA[area]:
        problem = check.test(s)
        if problem is not None:
            return problem
    return None


def all_problems(hw: Hardware, cpu: Cpu, read: Read) -> tuple[Problem, ...]:
    """Every check that fails, in order: for a person who wants to mend them all. The processor stops at the first."""
    s = subject(hw, cpu, read)
    found = (check.test(s) for check in CHECKS)
    return tuple(problem for problem in found if problem is not None)
