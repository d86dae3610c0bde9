"""What ends an instruction before it completes: a fault or a VM exit. Neither ever leaves execute()."""

from __future__ import annotations

from kvmdbg.machine.hw.controls import INTR_TYPE_HARD_EXCEPTION


class GuestFault(Exception):
    """The running software made a mistake: architecture, not an error of kvmdbg. It becomes an event."""

    def __init__(self, vector: str, error_code: int = 0, address: int = 0, type: int = INTR_TYPE_HARD_EXCEPTION) -> None:
        super().__init__(f"{vector}({error_code:#x})")
        self.vector = vector              # "#UD", "#GP", "#PF", ...
        self.error_code = error_code      # 0 where the vector has none
        self.address = address            # faulting linear address for #PF (what CR2 gets), exit qualification for #DB, else 0
        self.unblocked_nmi = False        # IRET faulted after it had let NMIs in again
        self.type = type                  # interruption type: 3 hardware exception; 5 INT1, 6 INT3 and INTO: of an instruction


class SoftwareInterrupt(Exception):
    """INT n: the event is the instruction's whole effect."""

    def __init__(self, vector: int) -> None:
        super().__init__(f"INT {vector}")
        self.vector = vector                  # 0..255


class VmExit(Exception):
    """The instruction gives way to a VM exit (SDM Vol. 3C 25.1, 27)."""

    def __init__(self, reason: int, qualification: int = 0, gpa: int = 0, gla: int = 0) -> None:
        super().__init__(f"VM exit {reason}")
        self.reason = reason                  # basic exit reason, E.3
        self.qualification = qualification    # 64 bits
        self.gpa = gpa                        # guest-physical address (EPT violation and misconfiguration), else 0
        self.gla = gla                        # guest linear address (where the qualification says it is valid), else 0
