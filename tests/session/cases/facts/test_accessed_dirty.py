"""Pages that were walked again."""

from __future__ import annotations

import pytest

from casework import observe
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.fact import check

PROBE = {"setup": "pages 0x1000 and 0x2000 identity-mapped"}
STEPS = ("L1: store 0x1000; store 0x2000", "L1: clear A/D in both PTEs", "L1: invlpg 0x1000", "L1: store 0x1000; store 0x2000",
         "L1: read A/D of both PTEs")


def test_the_flags_tell() -> None:
    step = observe(*STEPS, given=PROBE)[-1]
    assert check(step, "refilled", [0x1000]) == check(step, "kept", [0x2000]) == ""
    assert check(step, "refilled", [0x2000]) == "0x2000 has flags 0x0"
    assert check(step, "kept", [0x1000]) == "0x1000 has flags 0x60"


def test_what_was_not_read_cannot_be_told() -> None:
    step = observe(*STEPS, given=PROBE)[-1]
    with pytest.raises(Unsupported):
        check(step, "kept", [0x3000])
    assert check(observe("L1: nop")[0], "kept", [0x1000]) == "the step reads no A/D flags"
