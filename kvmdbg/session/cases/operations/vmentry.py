"""`vmlaunch`, `vmresume`, `vmlaunch or vmresume`, `enter L2`: enter L2 with the current VMCS; `repair both`: what was bad in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.actions import waits
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.session.cases import field_names
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import find, operation
from kvmdbg.session.cases.operations.vmwrite import write
from kvmdbg.session.cases.steps import Actor, Operation, parse_step

ROWS: Final = "rows "                # an aside about the matrix (words.py)
OF_L1: Final = Actor("L1", 0, 0)
EITHER: Final = ("/ vmresume", "or vmresume", "/ vmrun", "or vmrun")          # the last two: the same on AMD
BAD: Final = re.compile(r"with (a bad \w+ field(?:(?:,| and|, and) a bad \w+ field)*)")
AREA: Final = re.compile(r"a bad (\w+) field")
ALL_ONES: Final = 0xFFFF_FFFF
SPOILT: Final[Mapping[str, tuple[int, int]]] = {     # area -> a field of it, and a value that no processor takes
    "control": (F.PIN_BASED_VM_EXEC_CONTROL, ALL_ONES), "host": (F.HOST_CR0, 0), "guest": (F.GUEST_RFLAGS, 0),
}


@operation("vmlaunch", "vmresume")
def vmentry(h: Harness, op: Operation, actor: Actor) -> None:
    """Where the step leaves the choice, or L2 has not run before the first VMRESUME, the launch state makes it.

    An L2 has no VMCS of its own: it exits.
    """
    if actor.name == "L2" and not op.rest:
        h.player.inject(op.word)
        return
    areas = bad_areas(op)
    if op.rest and op.rest not in EITHER and not areas:
        raise Unsupported(f"{op.text}: only the plain instruction is done")
    for area in areas:
        spoil(h, area)
    if op.aside and not op.aside.startswith(ROWS):
        first_set(h, op.aside)
    h.enter("" if op.rest in EITHER or h.setup.layout.l2_scene is not None else op.word)
    if h.setup.calls_at_once and h.level == 2 and waits(h.kvm, 0):
        h.player.inject("vmcall")


def first_set(h: Harness, text: str) -> None:
    """`vmresume (save-timer control 0)`: what L1 sets first."""
    for inner in parse_step(f"L1: {text}").operations:
        find(inner, OF_L1).run(h, inner, OF_L1)


@operation("enter", actors=("L1",))
def enter(h: Harness, op: Operation, actor: Actor) -> None:
    """`enter L2`, however."""
    if op.rest != "L2":
        raise Unsupported(f"{op.text}: only `enter L2` is done")
    h.enter()


def bad_areas(op: Operation) -> tuple[str, ...]:
    """`with a bad control field and a bad host field`: the areas that are spoilt first."""
    match = BAD.fullmatch(op.rest)
    areas = tuple(AREA.findall(match[1])) if match else ()
    return areas if all(area in SPOILT for area in areas) else ()


def spoil(h: Harness, area: str) -> None:
    """Give a field of the area a bad value, and remember the good one."""
    field, bad = SPOILT[area]
    h.spoilt.setdefault(field, vmcs12.get(h.kvm, h.vcpu, field))
    write(h, field, lambda _: bad)


@operation("repair", actors=("L1",))
def repair(h: Harness, op: Operation, actor: Actor) -> None:
    """`repair both`, `repair the control field`: the values from before."""
    named = [area for area in SPOILT if re.search(rf"\b{area}\b", op.rest)]
    fields = [SPOILT[area][0] for area in named] or list(h.spoilt)
    if not h.spoilt or not set(fields) <= set(h.spoilt) or (not named and op.rest not in ("", "both", "all", "it", "them")):
        raise Unsupported(f"{op.text}: only fields that a step before has spoilt")
    for field in fields:
        good = h.spoilt.pop(field)
        h.player.inject(f"vmwrite {field_names.word(field)}, {good:#x}")
