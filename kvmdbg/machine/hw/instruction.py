"""What an instruction is: operands, the tests that come before it, and what it does. One file of `insn/` declares each.

The tests come in the order of the manuals (architecture.md D). VMX instructions: #UD where they do not exist, VM exit
from non-root operation at any privilege level, #GP(0) above level 0. The others: #GP(0) before the VM exit.
`instructions.py` is the filled catalogue; this module is what the declarations import.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from kvmdbg.catalog import Catalog
from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.access import cpl
from kvmdbg.machine.hw.faults import GuestFault, VmExit
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.modes import non_root, vmx_undefined
from kvmdbg.machine.hw.operands import OperandType
from kvmdbg.machine.hw.state import Cpu, Hardware

RETIRED: Final = "retired"        # completed: RIP at the next instruction
JUMPED: Final = "jumped"          # completed, and RIP is where the instruction has put it
FAULTED: Final = "faulted"        # a fault was delivered; nothing else happened
EXITED: Final = "exited"          # a VM exit, or a VM entry that failed as one does: the host runs
ENTERED: Final = "entered"        # a VM entry: the guest runs

Operands = tuple[Any, ...]
Run = Callable[..., str | None]                                       # (hw, cpu, *operands); None stands for RETIRED
Undefined = Callable[[Hardware, Cpu], bool]
Exits = Callable[[Hardware, Cpu, Operands], VmExit | None]            # asked in non-root operation only
Assemble = Callable[[Operands], Operands]


class Instruction(NamedTuple):
    """One entry of the catalogue."""

    name: str
    operands: tuple[OperandType, ...]
    forms: tuple[str, ...]                # how a person may write it
    source: str
    summary: str                          # first line of the file's docstring
    run: Run
    undefined: Undefined | None           # True: #UD
    exits: Exits | None                   # the VM exit that takes the instruction's place, if any
    privileged: bool                      # #GP(0) unless CPL = 0
    exit_first: bool                      # the VM exit has priority over that #GP
    assemble: Assemble | None             # operands as parsed -> as `run` takes them; UserError when they do not go together
    length: int                           # bytes: the shortest encoding, a memory operand's address in a register

    def admit(self, hw: Hardware, cpu: Cpu, operands: Operands) -> None:
        """The tests before the operation.  raises: GuestFault(#UD or #GP), VmExit."""
        if self.undefined is not None and self.undefined(hw, cpu):
            raise GuestFault("#UD")
        if self.exit_first:
            self._exit(hw, cpu, operands)
        if self.privileged and cpl(cpu):
            raise GuestFault("#GP")
        if not self.exit_first:
            self._exit(hw, cpu, operands)

    def _exit(self, hw: Hardware, cpu: Cpu, operands: Operands) -> None:
        if self.exits is not None and non_root(cpu):
            exit = self.exits(hw, cpu, operands)
            if exit is not None:
                raise exit


INSTRUCTIONS: Final[Catalog[Instruction]] = Catalog("instruction")


def instruction(name: str, *, source: str, operands: tuple[OperandType, ...] = (), forms: tuple[str, ...] = (),
                undefined: Undefined | None = None, exits: Exits | None = None, privileged: bool = False,
                exit_first: bool = False, assemble: Assemble | None = None, length: int = 3) -> Callable[[Run], Run]:
    """Declare the decorated function as what instruction `name` does: see Instruction for the arguments."""
    def declare(run: Run) -> Run:
        summary = (run.__doc__ or "").strip().partition("\n")[0]
        INSTRUCTIONS.add(name, Instruction(name, operands, forms or (_form(name, operands),), source, summary, run, undefined,
                                           exits, privileged, exit_first, assemble, length))
        return run
    return declare


def vmx_instruction(name: str, *, source: str, exits: Exits, operands: tuple[OperandType, ...] = (),
                    forms: tuple[str, ...] = (), undefined: Undefined = vmx_undefined,
                    assemble: Assemble | None = None, length: int = 3) -> Callable[[Run], Run]:
    """Declare a VMX instruction: #UD where it does not exist, then the VM exit, then CPL."""
    return instruction(name, source=source, operands=operands, forms=forms, undefined=undefined, exits=exits, privileged=True,
                       exit_first=True, assemble=assemble, length=length)


def always_exits(reason: int) -> Exits:
    """In non-root operation the instruction causes a VM exit, whatever the controls say; qualification 0."""
    return lambda hw, cpu, operands: VmExit(reason)


def exits_if(control: int, reason: int) -> Exits:
    """A VM exit with qualification 0 while the primary control `control` is 1."""
    return lambda hw, cpu, operands: VmExit(reason) if primary(hw, cpu, control) else None


def primary(hw: Hardware, cpu: Cpu, control: int) -> bool:
    """Is this primary processor-based VM-execution control of the current VMCS 1?"""
    return bool(vmcs.read(hw, cpu, F.CPU_BASED_VM_EXEC_CONTROL) & control)


def memory_operand_exits(reason: int, which: int = 0) -> Exits:
    """As always_exits; the qualification is the displacement of memory operand number `which`, 0 for an inline one."""
    def exits(hw: Hardware, cpu: Cpu, operands: Operands) -> VmExit:
        operand = operands[which]
        return VmExit(reason, operand.address or 0 if operand is not None else 0)
    return exits


def _form(name: str, operands: tuple[OperandType, ...]) -> str:
    words = (f"[{kind.name.upper()}]" if kind.optional else kind.name.upper() for kind in operands)
    return f"{name} {', '.join(words)}".strip()
