"""What an operation came to, read from the tape: the last thing that decides it.

An L1 that executes a VMX instruction exits to KVM, which ends it with VMsucceed or VMfail, gives L1 a fault, or enters
L2; an L2 may run on, fault, or exit to L1. All of that is events, so nothing has to watch while the machine runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from kvmdbg.machine.hw.controls import EXIT_REASON_FAILED_VMENTRY, EXIT_REASONS
from kvmdbg.machine.hw.events import Accessed, Faulted, Retired
from kvmdbg.machine.kvm.events import (
    ExceptionInjected,
    NestedEntered,
    NestedEntryFailed,
    NestedExited,
    NestedFailed,
    NestedSucceeded,
    SmmChanged,
)

NOTHING: Final = "nothing"
RUNS: Final = "runs"
SUCCEED: Final = "VMsucceed"
FAIL_VALID: Final = "VMfailValid"
FAIL_INVALID: Final = "VMfailInvalid"
FAULT: Final = "fault"
ENTERED: Final = "entered"
EXIT: Final = "vmexit"
ENTRY_FAILURE: Final = "entry_failure"
SMM: Final = "smm"               # the guest's handler of an SMI runs
LEFT: Final = "left"             # the guest runs no more: KVM_RUN returned to user space, or the vCPU sleeps


class Seen(NamedTuple):
    """How one operation ended."""

    kind: str = NOTHING
    error: int = 0               # VM-instruction error of VMfailValid
    vector: str = ""             # of a fault
    error_code: int = 0
    exit_reason: int = -1        # all 32 bits as L1 reads them, of an exit to L1
    qualification: int = 0
    accesses: tuple[Accessed, ...] = ()     # what the guest read and wrote, in order
    note: str = ""               # why the guest runs no more

    @property
    def reason(self) -> int:
        """Basic exit reason; -1 without an exit."""
        return self.exit_reason & 0xFFFF if self.exit_reason >= 0 else -1

    def __str__(self) -> str:
        details: Mapping[str, Callable[[], str]] = {
            FAIL_VALID: lambda: f"VMfailValid, error {self.error}",
            FAULT: lambda: f"{self.vector} with error code {self.error_code:#x}",
            EXIT: lambda: f"VM exit {self.reason} ({EXIT_REASONS.get(self.reason, '?')}), qualification {self.qualification:#x}",
            ENTRY_FAILURE: lambda: f"failed entry, exit reason {self.exit_reason:#x}, qualification {self.qualification:#x}",
            ENTERED: lambda: "an entry to L2", SMM: lambda: "the SMM handler runs",
            RUNS: lambda: "it runs", NOTHING: lambda: "nothing happened",
            LEFT: lambda: self.note,
        }
        return details.get(self.kind, lambda: self.kind)()


def read(events: Iterable[Any]) -> Seen:
    """What the events of one operation, in order, add up to."""
    seen = Seen()
    accesses = []
    for event in events:
        if type(event) is Accessed:
            accesses.append(event)
        reader = _READERS.get(type(event))
        if reader is not None:
            seen = reader(event)
    return seen._replace(accesses=tuple(accesses))


def _exited(event: NestedExited) -> Seen:
    failed = event.reason & EXIT_REASON_FAILED_VMENTRY          # the processor itself refused vmcs02
    return Seen(ENTRY_FAILURE if failed else EXIT, exit_reason=event.reason, qualification=event.qualification)


_READERS: Final[Mapping[type, Callable[[Any], Seen]]] = {
    Retired: lambda event: Seen(RUNS),
    NestedSucceeded: lambda event: Seen(SUCCEED),
    NestedFailed: lambda event: Seen(FAIL_VALID if event.error else FAIL_INVALID, error=event.error),
    NestedEntered: lambda event: Seen(ENTERED),
    NestedEntryFailed: lambda event: Seen(ENTRY_FAILURE, exit_reason=event.reason, qualification=event.qualification),
    NestedExited: _exited,
    SmmChanged: lambda event: Seen(SMM if event.entering else RUNS),
    ExceptionInjected: lambda event: Seen(FAULT, vector=event.vector, error_code=event.error_code),
    Faulted: lambda event: Seen(FAULT, vector=event.vector, error_code=event.error_code),
}
