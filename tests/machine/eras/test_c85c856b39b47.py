"""85c856b39b47: illegal INVEPT and INVVPID types."""

from __future__ import annotations

import pytest

from kvm_support import V4_4, Machine, of, results
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.events import Stuck

AFTER = "v4.4 +85c856b39b47"


def test_the_question() -> None:
    assert [kernel(name).skips_an_illegal_invalidation() for name in (V4_4, AFTER)] == [False, True]


@pytest.mark.parametrize("insn", ["invept 7 0", "invvpid 7 1"])
def test_a_type_that_is_not_offered(insn: str) -> None:
    m = Machine(V4_4).start()
    m.run("vmcall")
    assert len(of(m.run(insn), Stuck)) == 1
    m = Machine(AFTER).start()
    m.run("vmcall")
    assert results(m.run(insn)) == [f"{insn.split()[0]} 28"]


@pytest.mark.parametrize("insn", ["invept 66 0", "invvpid 66 1"])
def test_a_type_that_wraps_to_one_that_is(insn: str) -> None:
    m = Machine(V4_4).start()
    m.run("vmcall", insn)
    assert m.vcpu.exit_to_user.startswith("BUG()")
    m = Machine(AFTER).start()
    m.run("vmcall")
    assert results(m.run(insn)) == [f"{insn.split()[0]} 28"]
