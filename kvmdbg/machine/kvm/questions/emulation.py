"""What the instruction emulator of KVM finds when it walks the tables of L2 itself (paging_tmpl.h, nested.c)."""

from __future__ import annotations

from typing import Final

GVA_IS_VALID: Final = 1 << 7              # bits of an EPT violation's exit qualification
GVA_TRANSLATED: Final = 1 << 8
ACC_READ: Final = 1 << 0


class EmulationQuestions:
    """The newest kernel's answers."""

    def ept_fault_of_the_emulator(self, access: int, final: bool, exit_qualification: int, last_ept_violation: int) -> int:
        """Bits 8, 7 and 2:0 of the qualification that L1 gets for an EPT violation on the emulator's way (96b067b59ad9).

        access: what is needed, bits 2:0; final: on the page itself, else on a table; exit_qualification: of the exit that made KVM
        emulate; last_ept_violation: of the last real one of this vCPU, where the kernel keeps it.
        """
        return access | GVA_IS_VALID | (GVA_TRANSLATED if final else 0)

    def has_forced_emulation(self) -> bool:
        """Is there a prefix that lets KVM emulate an instruction: force_emulation_prefix? (6c86eedc206d)"""
        return True

    def emulator_knows_pause_exiting(self) -> bool:
        """Does the emulator look at "PAUSE exiting" of vmcs12? Else at a bit of the secondary controls (f002a97ec8c9)."""
        return True

    def emulates_hlt_of_l2(self) -> bool:
        """Is a HLT of L2 that L1 does not intercept emulated? Else it is #UD (f43f7a215af0)."""
        return True

    def emulator_makes_exits_of_l2(self) -> bool:
        """Is an instruction of L2 that L1 intercepts an exit to L1, found by the emulator? Else it is #UD (79a14afc6090)."""
        return True

    def keeps_the_ept_qualification(self) -> bool:
        """Does KVM keep the qualification of an EPT violation in the vCPU? (until a9466078687f)"""
        return False

    def l1_wants_every_io_exit(self) -> bool:
        """Does L1 get each I/O exit of L2, whatever its bitmaps say? (until 908a7bdd6adb)"""
        return False
