"""Events: plain data, past participles, each with a docstring."""

from __future__ import annotations

import inspect

import pytest

from kvm_support import Machine
from kvmdbg.machine.kvm import events

KINDS = [kind for _, kind in inspect.getmembers(events, inspect.isclass) if kind.__module__ == events.__name__]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.__name__))
def test_an_event_is_a_named_tuple_that_says_what_it_means(kind: type) -> None:
    assert issubclass(kind, tuple)
    assert kind.__doc__
    assert not kind.__doc__.startswith(kind.__name__ + "(")


def test_a_session_tells_its_story_in_order() -> None:
    m = Machine().given_vmx().given_l2()
    story = [type(event).__name__ for event in m.enter()]
    wanted = ["ModeChanged", "ExitHandled", "RequestMade", "NestedEntered", "RequestServiced", "FlushAsked", "RootAllocated"]
    places = [story.index(name) for name in wanted]
    assert places == sorted(places)
