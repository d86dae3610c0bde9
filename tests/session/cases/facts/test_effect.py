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
