"""The list of breakpoints."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.events import Hit, Invalidated, VmEntered
from kvmdbg.session.breakpoints import BREAK, DELETE, DISABLE, WATCH, Breakpoints, code_of, split
from session_support import session

S = session()


@pytest.mark.parametrize(("text", "parts"), [
    ("flush", ("flush", None, "")), ("flush if vpid == 2", ("flush", None, "vpid == 2")), ("vmentry vcpu 0", ("vmentry", 0, "")),
    ("vmentry thread vcpu0 if level==2", ("vmentry", 0, "level==2")), ("req:TLB_FLUSH raised", ("req:TLB_FLUSH raised", None, "")),
    ("if level", ("", None, "level"))])
def test_split(text: str, parts: tuple[str, int | None, str]) -> None:
    assert split(text) == parts


@pytest.mark.parametrize("text", ["flush if", "flush if (", "flush vcpu x"])
def test_split_refuses(text: str) -> None:
    with pytest.raises(UserError):
        split(text)


def test_numbers_are_never_used_twice() -> None:
    points = Breakpoints()
    points.add(S.kvm, BREAK, "flush")
    points.delete(1)
    assert points.add(S.kvm, BREAK, "vmentry").number == 2
    with pytest.raises(UserError, match="No breakpoint number 1."):
        points[1]


def test_a_bad_one_uses_no_number() -> None:
    points = Breakpoints()
    for what in ("flsh", "no_such_function", "a b", "vmexit:NOTHING"):
        with pytest.raises(UserError):
            points.add(S.kvm, BREAK, what)
    with pytest.raises(UserError, match="Unknown vCPU 7"):
        points.add(S.kvm, BREAK, "flush", vcpu=7)
    assert points.add(S.kvm, BREAK, "flush").number == 1


def test_lookups_know_the_enabled_ones_only() -> None:
    points = Breakpoints()
    flush, watch = points.add(S.kvm, BREAK, "flush"), points.add(S.kvm, WATCH, "vcpu.requests")
    function = points.add(S.kvm, BREAK, "vcpu_enter_guest")
    assert points.by_owner == {Invalidated: (flush,)} and points.watches == (watch,
                                                                             ) and function in next(iter(points.by_code.values()))
    flush.enabled = watch.enabled = function.enabled = False
    points.changed()
    assert not points.by_owner and not points.watches and not points.by_code


def test_hits_are_counted_ignored_and_carried_out() -> None:
    points = Breakpoints()
    one = points.add(S.kvm, BREAK, "vmentry")
    one.ignore = 1
    assert not points.hit(one) and points.hit(one) and one.hits == 2
    one.disposition = DISABLE
    assert points.hit(one) and not one.enabled
    two = points.add(S.kvm, BREAK, "vmentry", disposition=DELETE)
    assert points.hit(two) and two.number not in points
    three = points.add(S.kvm, BREAK, "vmentry")
    three.stop_after = 1
    assert points.hit(three) and not three.enabled and VmEntered not in points.by_owner


def test_the_one_that_nobody_set_is_not_among_them() -> None:
    points = Breakpoints()
    points.bind(S.kvm)
    assert not points.by_owner
    points.stop_on_forbidden(True)
    assert points.by_owner == {Hit: (points.always,)} and not len(points) and 0 not in points
    points.stop_on_forbidden(False)
    assert not points.by_owner and points.always.verdict == "forbidden"


def test_a_function_with_parentheses_is_a_place() -> None:
    assert code_of("vcpu_enter_guest()") == code_of("vcpu_enter_guest")


def test_binding_to_another_machine_follows_its_tables() -> None:
    points = Breakpoints()
    points.add(S.kvm, BREAK, "fill")
    other = session(kernel="v6.12")
    points.bind(other.kvm)
    assert set(points.by_owner) == set(other.kvm.hw.tlb)
    assert points.always.number == 0
