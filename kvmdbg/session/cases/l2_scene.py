"""An L2 whose code has addresses: an IDT with a handler for each exception, a stack, and instructions where a case puts them.

Cases about events name places: `nop at N`, `#DB handler D`, `vmcall at C`. Each gets a fixed address; L2 maps its IDT and its stack
at their own guest-physical addresses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.delivery import GATE_BYTES, HAS_ERROR_CODE, VECTORS
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.vmx import KERNEL_CS, KERNEL_DS
from kvmdbg.session.cases.player import EPT12, L2, Player

IDT: Final = 0x71_0000
STACK: Final = 0x72_0000
TOP: Final = STACK + 0x800           # RSP of L2; a frame that a handler returns through lies above it
HANDLERS: Final = 0x73_0000          # one every 256 bytes, by vector
PLACES: Final = {"N": 0x74_0000, "C": 0x74_1000, "R": 0x74_2000, "P": 0x74_3000}
IDT_LIMIT: Final = 0xFFF
RFLAGS: Final = 0x2
HANDLER: Final = ("nop", "iret")
POPS: Final = ("nop", "pop", "iret")   # of an exception with an error code
NMI: Final = 2
FIRST_INTERRUPT: Final = 32          # below are exceptions
LAST_VECTOR: Final = 255
NUMBERS: Final = re.compile(r"\b(?:0x[0-9a-fA-F]+|[1-9][0-9]*)\b")
LAST: Final = "vmcall"               # behind all code of a case: what should have stopped before would show
DEBUG: Final = VECTORS["#DB"]
TIMER: Final = 1000                  # a preemption timer whose value a case leaves open, in instructions
_AT: Final = re.compile(r"(?:code: )?(?:rip (?:is )?)?(?:at )?(?:an? )?(?:one-byte )?(\w+) at (?:address )?([A-Z])(?:\+(\d+))?")
_RIP_AT: Final = re.compile(r"rip (?:is )?at an? (?:one-byte )?(\w+)(?: at (?:address )?([A-Z]))?")
_HANDLER_AT: Final = re.compile(r"(#\w\w) handler ([A-Z])")
_IN_HANDLER: Final = re.compile(r"rip is at the first instruction of the (#\w\w) handler")
_RETURNS: Final = re.compile(r"it returns to ([A-Z])(?:\+(\d+))?")


ERROR_CODES: Final = tuple(VECTORS[name] for name in HAS_ERROR_CODE)


class Scene(NamedTuple):
    """L2's code and where it starts."""

    code: tuple[tuple[int, tuple[str, ...]], ...] = ()      # by address
    rip: int = 0                                            # 0: the default of every case
    returns_to: int = 0                                     # of the frame that lies on the stack; 0: there is none
    places: tuple[tuple[str, int], ...] = ()                # names of handlers
    vectors: tuple[int, ...] = ()                           # of interrupts that a case names: they have handlers too
    hidden_idt: bool = False                                # L1's EPT does not map the page of the IDT


NOTHING: Final = Scene()                                     # handlers and a stack only
RUNNING: Final = Scene(((PLACES["N"], ("nop", "nop", LAST)),), PLACES["N"])


def handler_of(vector: int) -> int:
    """Linear address of L2's handler for an exception."""
    return HANDLERS + 0x100 * vector


def read(text: str) -> Scene:
    """The scene that `given l2` describes.  raises: Unsupported for words that are none of these."""
    rip = returns_to = 0
    code: dict[int, str] = {}
    places: dict[str, int] = {}
    for phrase in (part.strip() for part in re.split(r"[,;]", text)):
        if match := _IN_HANDLER.fullmatch(phrase):
            rip = handler_of(_vector(match[1]))
        elif match := _RETURNS.fullmatch(phrase):
            returns_to = place(match[1]) + int(match[2] or 0)
            code.setdefault(returns_to, LAST)
        elif match := _HANDLER_AT.fullmatch(phrase):
            places[match[2]] = handler_of(_vector(match[1]))
        elif match := _RIP_AT.fullmatch(phrase):
            rip = place(match[2] or "C")
            code[rip] = match[1]
        elif match := _AT.fullmatch(phrase):
            code[place(match[2]) + int(match[3] or 0)] = match[1]
        else:
            raise Unsupported(f"given l2: {phrase}: cannot be set up")
    return Scene(_runs(code), rip, returns_to, tuple(places.items()))


def place(name: str) -> int:
    """raises: Unsupported for a letter that stands for no place."""
    if name not in PLACES:
        raise Unsupported(f"given l2: {name}: no place")
    return PLACES[name]


def _vector(name: str) -> int:
    if name not in VECTORS:
        raise Unsupported(f"given l2: {name}: no exception")
    return VECTORS[name]


def _runs(code: Mapping[int, str]) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """Instructions that follow one another, each run ended by LAST.  raises: Unsupported for a mnemonic that takes operands."""
    found: list[tuple[int, list[str]]] = []
    end = -1
    for address in sorted(code):
        if address != end:
            found.append((address, []))
        found[-1][1].append(code[address])
        end = address + 1                  # the places that cases name lie behind one-byte instructions
    return tuple((address, (*texts, *((LAST,) if texts[-1] != LAST else ()))) for address, texts in found)


def fields(scene: Scene) -> dict[int, int]:
    """What vmcs12 says of such an L2."""
    start = {F.GUEST_RIP: scene.rip} if scene.rip else {}
    return {F.GUEST_IDTR_BASE: IDT, F.GUEST_IDTR_LIMIT: IDT_LIMIT, F.GUEST_RSP: TOP} | start


def prepare(player: Player, scene: Scene, l2_root: int, eptp: int | None) -> None:
    """Map IDT and stack, before there is a current VMCS."""
    for page in (IDT, STACK):
        player.map(L2, page, page, root=l2_root, eptp=eptp)
        if eptp is not None:
            player.map(EPT12, page, page, root=eptp)
    if scene.returns_to:
        for slot, value in enumerate((scene.returns_to, KERNEL_CS, RFLAGS, TOP + 0x100, KERNEL_DS)):
            player.poke(TOP + 8 * slot, value)


def place_code(player: Player, scene: Scene, limit: int) -> None:
    """Gates, handlers and code. L1 has a current VMCS.  limit: of L2's IDT."""
    for vector in sorted({NMI, *VECTORS.values(), *scene.vectors}):
        if GATE_BYTES * (vector + 1) - 1 <= limit:
            player.gate(L2, vector, handler_of(vector))
        player.code(L2, handler_of(vector), POPS if vector in ERROR_CODES else HANDLER)
    for address, texts in scene.code:
        player.code(L2, address, texts)
    if scene.hidden_idt:
        player.set_entry(EPT12, IDT, 0)


def vectors_in(texts: Sequence[str]) -> tuple[int, ...]:
    """Numbers in steps that may be vectors of interrupts."""
    numbers = {int(word, 0) for text in texts for word in NUMBERS.findall(text)}
    return tuple(sorted(number for number in numbers if FIRST_INTERRUPT <= number <= LAST_VECTOR))
