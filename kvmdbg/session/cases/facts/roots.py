"""`dropped_roots`, `kept_roots`: which cached shadows of L1's EPTs a step frees, and which stay. `all` and `none` are words too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kvmdbg.machine.kvm.events import RootFreed
from kvmdbg.machine.kvm.state import GUEST_MMU, INVALID_PAGE
from kvmdbg.session.cases.fact import Observed, key
from kvmdbg.session.cases.model import Value

ALL: Final = "all"
NONE: Final = "none"


@key("dropped_roots")
def dropped_roots(observed: Observed, wanted: Value) -> str:
    """The freed ones are exactly these; `all`: some were, and none is left."""
    dropped = {event.pgd for event in observed.events(RootFreed) if event.mmu == GUEST_MMU}
    if wanted == ALL:
        return "" if dropped and not kept(observed) else f"dropped {spell(dropped)}, kept {spell(kept(observed))}"
    return "" if dropped == numbers(observed, wanted) else spell(dropped)


@key("kept_roots")
def kept_roots(observed: Observed, wanted: Value) -> str:
    """The ones still cached after the step are exactly these; `all`: some are, and none was freed."""
    if wanted == ALL:
        freed = observed.events(RootFreed)
        return "" if kept(observed) and not freed else f"kept {spell(kept(observed))}, {len(freed)} freed"
    return "" if kept(observed) == numbers(observed, wanted) else spell(kept(observed))


def kept(observed: Observed) -> set[int]:
    """EPTPs of the roots that are cached now."""
    mmu = observed.kvm.mmu_named(observed.vcpu, GUEST_MMU)
    return {root.pgd for root in (mmu.root, *mmu.prev_roots) if root.hpa != INVALID_PAGE}


def numbers(observed: Observed, wanted: Value) -> set[int]:
    """The EPTPs behind their names."""
    return set() if wanted == NONE else {observed.binding.number(str(name)) for name in wanted}


def spell(eptps: Iterable[int]) -> str:
    return ", ".join(f"{eptp:#x}" for eptp in sorted(eptps)) or NONE
