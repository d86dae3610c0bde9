"""What the processor did, as read back from the tape."""

from __future__ import annotations

import inspect
from typing import Any

from kvmdbg.machine.hw import events as catalogue
from kvmdbg.machine.hw.events import Accessed, Evicted, Invalidated
from kvmdbg.machine.hw.tlbkey import LINEAR, NONE, TlbKey
from support import events, new_hardware

EVENTS: list[Any] = [event for _, event in inspect.getmembers(catalogue, inspect.isclass) if event.__module__ == catalogue.__name__]


def test_an_event_comes_back_from_the_tape_as_emitted() -> None:
    hw = new_hardware()
    key = TlbKey(LINEAR, 0, 0, NONE, 0x1000, 0x1000)
    hw.emit(Evicted, 0, key)
    hw.emit(Invalidated, 0, "invlpg", "", 0, 0, -1, 0x1000, (key,))
    hw.emit(Accessed, 0, "read", 0x1000, 0x5000, 42)
    assert events(hw) == [Evicted(0, key), Invalidated(0, "invlpg", "", 0, 0, -1, 0x1000, (key,)),
                          Accessed(0, "read", 0x1000, 0x5000, 42)]


def test_every_event_names_its_processor_first() -> None:
    assert EVENTS and all(event._fields[0] == "cpu" for event in EVENTS)


def test_every_event_says_what_it_means() -> None:
    assert all(event.__doc__ and not event.__doc__.startswith(event.__name__) for event in EVENTS)
