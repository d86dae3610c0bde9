"""42aa53b4e1bd: EPT on a processor without all-context INVEPT."""

from __future__ import annotations

import pytest

from kvm_support import Machine, decided, flushes
from kvmdbg.errors import UserError
from kvmdbg.machine.boot import boot
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm.state import Config

BEFORE, AFTER = "42aa53b4e1bd^", "42aa53b4e1bd"


@pytest.mark.parametrize("types", [(), (1,)])
@pytest.mark.parametrize("name", ["v3.1", "v4.4", BEFORE, AFTER, "v4.15", "v6.12"])
def test_who_starts_without_it(name: str, types: tuple[int, ...]) -> None:
    era, caps = kernel(name), Caps(invept_types=types)
    if era.ept_needs_invept_global():
        with pytest.raises(UserError, match="all-context INVEPT"):
            boot(era, Config(), caps)
    else:
        boot(era, Config(), caps)
    assert era.ept_needs_invept_global() == (name in (AFTER, "v4.15", "v6.12"))


@pytest.mark.parametrize(("types", "flushed"), [((), []), ((1,), ["invept single-context"]), ((2,), ["invept all-context"]),
                                                ((1, 2), ["invept single-context"])])
def test_what_the_first_root_load_flushes(types: tuple[int, ...], flushed: list[str]) -> None:
    """C.1: context, else global, else silently nothing."""
    m = Machine(BEFORE, Caps(invept_types=types), enable_vpid=False)
    m.step()
    _, events = m.step()
    found = [words.rsplit(" 0x", 1)[0] for words in flushes(events) if words.startswith("invept")]
    assert set(found) == set(flushed)
    assert {answer for answer, _ in decided(events, "ept_sync_global")} <= {"no"}
    assert bool(decided(events, "ept_sync_global")) == (not types)
