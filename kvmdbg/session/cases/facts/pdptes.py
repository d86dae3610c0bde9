"""`pdptes`, `walk`: the PDPTE registers of an L2 in PAE paging, and the way that a walk took from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import ept, paging
from kvmdbg.machine.hw.events import Referenced
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import Pdptes
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest
from kvmdbg.machine.kvm.nested_ept import walk_ept12
from kvmdbg.session.cases.fact import Observed, key
from kvmdbg.session.cases.model import Value

GUEST: Final = "guest"                      # of Referenced: an entry of the guest's own tables


@key("pdptes")
def pdptes(observed: Observed, wanted: Value) -> str:
    """`unchanged` over the step; `reloaded through B`: what the page at CR3 holds there, which is not what they were."""
    teller = _PDPTES.get(str(wanted))
    if teller is None:
        raise Unsupported(f"pdptes: {wanted}")
    return teller(observed)


@key("walk")
def walk(observed: Observed, wanted: Value) -> str:
    """The tables that the step's access went through; an attempt that ended in an EPT violation went part of the way."""
    if wanted != "old PDPTEs, lower levels through B":
        raise Unsupported(f"walk: {wanted}")
    seen = [event.pa for event in observed.events(Referenced) if event.structure == GUEST]
    expected = tables_from(observed, _now(observed), "B")
    right = expected and seen[-len(expected):] == expected and set(seen) == set(expected)
    return "" if right else f"entries at {_spell(seen)}, not {_spell(expected)}"


def tables_from(observed: Observed, registers: Pdptes, name: str) -> list[int]:
    """Host-physical addresses of the entries on the way from the PDPTEs to the access's page, through an EPTP of L1."""
    if not vmcs12.get(observed.kvm, observed.vcpu, F.EPTP_LIST_ADDRESS):
        raise Unsupported(f"{name}: the case has no list of EPTPs")
    la = observed.seen.accesses[-1].la if observed.seen.accesses else 0
    shape = paging.Paging(paging.PAE, True, False, observed.kvm.hw.caps.maxphyaddr, False)
    found = paging.software_walk(lambda address: _read(observed, name, address), shape, 0, la, registers)
    return [place for step in found.steps if (place := _place(observed, name, step.address)) is not None]


def _unchanged(observed: Observed) -> str:
    before, now = _before(observed), _now(observed)
    return "" if before == now and any(now) else f"{_spell(now)}, and before {_spell(before)}"


def _reloaded(observed: Observed) -> str:
    cr3 = observed.kvm.cpu(observed.vcpu).cr3
    there = paging.read_pdptes(lambda address: _read(observed, "B", address), cr3)
    now = _now(observed)
    return "" if now == there != _before(observed) else f"{_spell(now)}; under B there is {_spell(there or ())}"


def _now(observed: Observed) -> Pdptes:
    return observed.kvm.cpu(observed.vcpu).pdptes


def _before(observed: Observed) -> Pdptes:
    """The processor's registers when the step began."""
    cpu = observed.kvm.cpu(observed.vcpu)
    written = (old for owner, field, old, _ in observed.kvm.tape.entries[observed.start:observed.stop]
               if owner is cpu and field == "pdptes")
    found: Pdptes = next(written, cpu.pdptes)
    return found


def _place(observed: Observed, name: str, gpa: int) -> int | None:
    """Host-physical address behind a guest-physical one of L2, through the EPTP of that name."""
    found = walk_ept12(observed.kvm, observed.binding.number(name), gpa)
    page = observed.kvm.pages.get(found.address >> 12) if found.mapped else None
    return None if page is None else page | found.address & 0xFFF


def _read(observed: Observed, name: str, gpa: int) -> int | None:
    found = walk_ept12(observed.kvm, observed.binding.number(name), gpa)
    return kvm_read_guest(observed.kvm, found.address & ept.ADDRESS | gpa & 0xFF8) if found.mapped else None


def _spell(values: Pdptes | list[int] | tuple[()]) -> str:
    return " ".join(f"{value:#x}" for value in values) or "none"


_PDPTES: Final[Mapping[str, Callable[[Observed], str]]] = {"unchanged": _unchanged, "reloaded through B": _reloaded}
