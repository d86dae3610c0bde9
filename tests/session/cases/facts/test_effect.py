"""Facts in words."""

from __future__ import annotations

import pytest

from casework import observe
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.fact import check


def test_the_life_of_vpid02() -> None:
    (on,) = observe("L1: vmxon")
    assert check(on, "effect", "vpid02 allocated") == "" and check(on, "effect", "vpid02 freed") == "no VPID was freed"
    off = observe("L1: vmxon", "L1: vmxoff")[-1]
    assert check(off, "effect", "vpid02 freed") == "" and check(off, "effect", "vpid02 allocated") == "no VPID was allocated"


def test_a_kernel_that_allocates_earlier_is_seen() -> None:
    (on,) = observe("L1: vmxon", source="seed document (nested VPID emulation)")
    assert check(on, "effect", "vpid02 allocated") == "no VPID was allocated"


def test_other_words_are_unsupported() -> None:
    (step,) = observe("L1: nop")
    with pytest.raises(Unsupported, match="^effect: the world ends$"):
        check(step, "effect", "the world ends")


def test_a_request_that_nobody_serves_at_the_transition_is_seen() -> None:
    """Before 2020 a request made before a nested exit waited for the next VM entry, whatever context was current then."""
    steps, words = ("L1: vmlaunch", "L1: nop"), "request is served before the context changes"
    assert check(observe(*steps)[1], "effect", words) == "0 requests were served at 0 transitions"
    (old,) = observe("L0: nested VM exit with the request pending", source="seed document (Introduce KVM_REQ_TLB_FLUSH_CURRENT)")
    assert check(old, "effect", words) == ""


def test_l2_goes_on_where_it_was() -> None:
    words = "L2 goes on where it was"
    *_, left, back = observe("L1: enter L2", "L2: nop", "host: inject NMI", "L1: vmresume", given={"vmcs12": {"nmi_exiting": True}})
    assert check(back, "effect", words) == ""
    (out,) = observe("L1: nop")
    assert check(out, "effect", words).startswith("L2 does not run")


def test_an_exit_of_l2_for_an_interrupt() -> None:
    (seen,) = observe("L1: nop")
    assert check(seen, "effect", "L2 to L1 exit may follow") == "exits to L1: []"
