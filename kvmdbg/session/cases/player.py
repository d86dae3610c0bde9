"""Plays L1's and L2's software on one machine, and writes down each word as the debugger takes it.

What it does goes the way of the debugger's words: instructions through `load_program` and the default schedule, tables
through machine/kvm/tables.py. So the lines, replayed in a session, give the same machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from kvmdbg.errors import UserError
from kvmdbg.explore.schedule import next_action, run_until_waiting
from kvmdbg.machine.actions import Action, load_program, waits, why_idle
from kvmdbg.machine.hw.controls import AR_G, AR_UNUSABLE
from kvmdbg.machine.hw.fields import FIELDS
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.outcome import ARITHMETIC_FLAGS
from kvmdbg.machine.hw.segmentation import AR_EXPAND_DOWN
from kvmdbg.machine.hw.state import Segment
from kvmdbg.machine.kvm import idt, tables, vmcs12_template
from kvmdbg.machine.kvm.code import place_code
from kvmdbg.machine.kvm.host_events import happen, parse_host_event
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vmx import AR_DATA

PAGE: Final = 0x1000
LARGE: Final = 0x20_0000
LARGE_LEVELS: Final = (2, 3)  # where EPT can have a large page
L1: Final = "L1"
L2: Final = "L2"
EPT12: Final = "ept12"
LEVEL_NUMBERS: Final = {L1: 1, L2: 2}
LIMIT_BITS: Final = 20       # of a descriptor's limit; a larger one is counted in pages
DPL: Final = 5               # lowest bit of the descriptor privilege level in access rights


class Place(NamedTuple):
    """Where a player stood: a tape position and the number of lines."""

    position: int
    lines: int


class Player:
    """One machine with one vCPU, and the words said to it so far."""

    def __init__(self, kvm: Kvm) -> None:
        self.kvm = kvm
        self.lines: list[str] = []

    @property
    def vcpu(self) -> Vcpu:
        return self.kvm.vcpus[0]

    @property
    def position(self) -> int:
        return self.kvm.tape.cursor

    # -- going back ---------------------------------------------------------------------------------------------

    def place(self) -> Place:
        return Place(self.position, len(self.lines))

    def back(self, place: Place) -> None:
        """Rewind to a place and forget what came after it."""
        self.kvm.tape.seek(place.position)
        self.kvm.tape.cut()
        del self.lines[place.lines:]

    # -- words --------------------------------------------------------------------------------------------------

    def remark(self, text: str) -> None:
        self.lines.append(f"# {text}")

    def run(self) -> None:
        """Let the vCPU run until its guest waits for an instruction."""
        self.lines.append("continue")
        run_until_waiting(self.kvm, 0)

    def inject(self, text: str) -> None:
        """Execute one instruction on the level that runs, through to the next VM entry or wait.

        raises: UserError for an instruction that is none, or when the guest does not wait for one.
        """
        insn = parse_insn(text)
        if not waits(self.kvm, 0):
            raise UserError(f"`{text}` cannot be executed: {why_idle(self.kvm, self.vcpu)}")
        self.lines.append(f"inject {text}")
        vcpu, left = self.vcpu, len(self.vcpu.program)
        load_program(self.kvm, 0, (insn,), front=True)
        run_until_waiting(self.kvm, 0, lambda done: vcpu.todo != ("guest",) or len(vcpu.program) > left)
        if next_action(self.kvm, 0) is not None:
            self.run()                   # the word stops there; code at RIP, or an event that is due, goes on

    def inject_with_request(self, text: str, request: str) -> None:
        """Execute an instruction that exits, and make a request of the vCPU before KVM handles the exit.  raises: UserError."""
        self.lines += ["tbreak vmexit", f"inject {text}", "goto end"]
        load_program(self.kvm, 0, (parse_insn(text),), front=True)
        run_until_waiting(self.kvm, 0, lambda done: next_action(self.kvm, 0) != Action(0, "handle_exit"))
        self.host(f"request {request}")
        self.run()

    def code(self, level: str, address: int, texts: tuple[str, ...]) -> None:
        """Put instructions at a linear address of a level."""
        self.lines += [f"code {level} {address:#x}", *texts, "end"]
        place_code(self.kvm, LEVEL_NUMBERS[level], address, tuple(map(parse_insn, texts)))

    def gate(self, level: str, vector: int, handler: int) -> None:
        """Write a trap gate into a level's IDT, so that a window that is open stays so in the handler."""
        self.lines.append(f"gate {level} {vector} {handler:#x} trap")
        idt.set_gate(self.kvm, self.vcpu, level, vector, handler, trap=True)

    def host(self, text: str) -> None:
        """Let something happen on the host.  raises: UserError where it cannot."""
        what = parse_host_event(text, len(self.kvm.vcpus), 0)
        self.lines.append(f"host {text}")
        happen(self.kvm, what)

    def privilege(self, cpl: int) -> None:
        """Let the guest that runs go to a privilege level: CS and SS with this RPL and DPL. The debugger has no word for it."""
        cpu = self.kvm.cpu(self.vcpu)
        old = cpu.descriptors
        if old.ss.ar >> DPL & 3 == cpl:
            return
        self.remark(f"the guest goes to CPL {cpl}, which no word of the debugger does")
        cs, ss = (segment._replace(selector=segment.selector & ~3 | cpl, ar=segment.ar & ~(3 << DPL) | cpl << DPL)
                  for segment in (old.cs, old.ss))
        cpu.descriptors = old._replace(cs=cs, ss=ss)

    def segment(self, name: str, base: int, limit: int, unusable: bool, expand_down: bool) -> None:
        """Load a data-segment register of the guest that runs with these values. The debugger has no word for it."""
        cpu = self.kvm.cpu(self.vcpu)
        self.remark(f"the guest loads {name.upper()}, which no word of the debugger does: base {base:#x}, limit {limit:#x}"
                    + ", unusable" * unusable + ", expand-down" * expand_down)
        granular = AR_G if limit >> LIMIT_BITS else 0
        ar = AR_UNUSABLE if unusable else AR_DATA & ~AR_G | granular | (AR_EXPAND_DOWN if expand_down else 0)
        selector = 0 if unusable else getattr(cpu.descriptors, name).selector
        loaded: dict[str, Any] = {name: Segment(selector, base, limit, ar)}
        cpu.descriptors = cpu.descriptors._replace(**loaded)

    def debug_status(self, value: int) -> None:
        """Give DR6 this value, as a MOV would. The debugger has no word for it."""
        self.remark(f"DR6 becomes {value:#x}, which no word of the debugger does")
        self.kvm.cpu(self.vcpu).dr6 = value

    def flags(self, value: int) -> None:
        """Give the arithmetic flags of the guest that runs this value, as arithmetic would. The debugger has no word for it."""
        self.remark(f"the guest's arithmetic flags become {value:#x}, which no word of the debugger does")
        cpu = self.kvm.cpu(self.vcpu)
        cpu.rflags = cpu.rflags & ~ARITHMETIC_FLAGS | value

    def map(self, level: str, address: int, target: int, flags: str = "", size: int = PAGE, root: int | None = None,
            eptp: int | None = None) -> None:
        """Map a page in the tables of a level, making tables as needed."""
        options = {"flags": flags, "size": "2M" if size == LARGE else "", **_roots(level, root, eptp)}
        self.lines.append(f"map {level} {address:#x} {target:#x}" + _options(options))
        tables.map_page(self.kvm, self.vcpu, level, address, target, flags or None, size, root, eptp)

    def set_entry(self, level: str, address: int, value: int, table_level: int = 1) -> None:
        """Write one table entry, without any invalidation."""
        options = _options({"level": str(table_level) if table_level != 1 else ""})
        self.lines.append(f"pte {level} {address:#x} {value:#x}{options}")
        tables.set_entry(self.kvm, self.vcpu, level, address, value, table_level)

    def entry(self, level: str, address: int, table_level: int = 1) -> tuple[int, int]:
        """(address of the entry in the level's own space, its 64 bits)."""
        return tables.entry_of(self.kvm, self.vcpu, level, address, table_level)

    def poke(self, gpa: int, value: int) -> None:
        """Write 64 bits of L1's memory."""
        self.lines.append(f"poke {gpa:#x} {value:#x}")
        tables.poke(self.kvm, self.vcpu, gpa, value)

    def vmcs12(self, gpa: int, values: Mapping[int, int]) -> None:
        """Prepare a VMCS region in L1's memory."""
        settings = "".join(f" {FIELDS[encoding].name}={value:#x}" for encoding, value in values.items())
        self.lines.append(f"vmcs12 {gpa:#x}{settings}")
        vmcs12_template.prepare(self.kvm, self.vcpu, gpa, dict(values))


def _roots(level: str, root: int | None, eptp: int | None) -> dict[str, str]:
    """Where the tables start, as `cr3=` of page tables and `eptp=` of EPT12 or of the EPT12 below L2's tables."""
    top = "" if root is None else f"{root:#x}"
    if level == EPT12:
        return {"eptp": top}
    return {"cr3": top, "eptp": "" if eptp is None else f"{eptp:#x}"}


def _options(options: Mapping[str, str]) -> str:
    return "".join(f" {name}={value}" for name, value in options.items() if value)
