"""What `given l2` says of code and handlers."""

from __future__ import annotations

import pytest

from casework import verdict
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.l2_scene import PLACES, Scene, handler_of, read, vectors_in

N, C = PLACES["N"], PLACES["C"]


@pytest.mark.parametrize(("text", "scene"), [
    ("rip is at a one-byte nop at address N, #DB handler D", Scene(((N, ("nop", "vmcall")),), N, 0, (("D", handler_of(1)),))),
    ("rip at a vmcall; #GP handler D", Scene(((C, ("vmcall",)),), C, 0, (("D", handler_of(13)),))),
    ("code: vmcall at C, nop at N, sti at N+1, sti at N+2", Scene(((N, ("nop", "sti", "sti", "vmcall")), (C, ("vmcall",))))),
    ("rip is at the first instruction of the #DB handler; it returns to N+1",
     Scene(((N + 1, ("vmcall",)),), handler_of(1), N + 1))])
def test_scenes(text: str, scene: Scene) -> None:
    assert read(text) == scene


@pytest.mark.parametrize(("text", "word"), [("nop at Q", "Q: no place"), ("#XX handler D", "#XX: no exception"), ("a tune",
                                                                                                                  "a tune")])
def test_what_is_no_scene(text: str, word: str) -> None:
    with pytest.raises(Unsupported, match=word):
        read(text)


def test_a_missing_capability_is_refused() -> None:
    assert verdict("L1: nop", expect=[{"step": 1, "outcome": "runs"}], given={"caps": {"mtf": False}}).status == "unsupported"


def test_an_empty_idt_has_no_gates() -> None:
    given = {"vmcs12": {"exc_bitmap": "#GP", "idt_limit": 0}}
    expect = [{"step": 1, "outcome": "vmexit", "reason": 0, "vector": 13, "error_code": 6 * 8 + 3}]
    assert verdict("L2: raise 6", expect=expect, given=given).status == "ok"


def test_interrupts_that_steps_name_have_handlers() -> None:
    steps = ("L1: vmwrite ENTRY_INTR_INFO valid|ext-int|vector 0x30", "L2: int 200", "L1: rip 0x740000; IF=1")
    assert vectors_in(steps) == (0x30, 200)
    given = {"l2": "rip is at a nop at N"}
    expect = [{"step": 1, "outcome": "vmexit", "reason": 18, "handler_runs": 1}]
    steps = ("L1: vmwrite ENTRY_INTR_INFO valid|ext-int|vector 0x30; IF=1; vmlaunch",)
    assert verdict(*steps, expect=expect, given=given).status == "ok"
