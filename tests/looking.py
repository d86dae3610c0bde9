"""A machine to look at without a session: what reports need, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field

from kvmdbg.explore.schedule import run_until_waiting
from kvmdbg.machine.actions import load_program
from kvmdbg.machine.boot import boot
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.kvm.state import Config, Kvm
from kvmdbg.session.breakpoints import Breakpoints
from kvmdbg.tape import Tape


@dataclass
class Looking:
    """The View of a session that has only a machine."""

    kvm: Kvm
    stop_position_before: int = 0
    current_vcpu: int = 0
    printed: frozenset[int] = frozenset()
    breakpoints: Breakpoints = field(default_factory=Breakpoints)

    @property
    def tape(self) -> Tape:
        return self.kvm.tape

    def execute(self, *instructions: str) -> None:
        """Let L1 (or L2) execute instructions; change marks count from here."""
        self.stop_position_before = self.tape.end
        load_program(self.kvm, 0, tuple(map(parse_insn, instructions)), front=True)
        run_until_waiting(self.kvm, 0)


def looking(name: str = "v6.12", *instructions: str, config: Config = Config(), listening: bool = False) -> Looking:
    """A machine on that kernel whose L1 has executed the instructions."""
    s = Looking(boot(kernel(name), config, listening=listening))
    run_until_waiting(s.kvm, 0)
    if instructions:
        s.execute(*instructions)
    return s
