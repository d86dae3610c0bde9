"""6affcbedcac7: single-stepping an instruction that KVM does for the guest."""

from __future__ import annotations

import pytest

from kvm_support import Machine, of
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.events import Delivered


def test_before_and_after() -> None:
    assert [kernel(name).traps_after_skipped_instructions() for name in ("v4.4", "6affcbedcac7^", "6affcbedcac7", "v6.12")] == [
        False, False, True, True]


@pytest.mark.parametrize(("name", "delivered", "dr6"), [
    ("6affcbedcac7^", [], 0xFFFF_0FF0), ("v4.15", [1], 0xFFFF_4FF0), ("v6.12", [1], 0xFFFF_4FF0)])
def test_port_output_under_the_trap_flag(name: str, delivered: list[int], dr6: int) -> None:
    machine = Machine(name).start()
    seen = machine.run("popf 0x102", "out 0x80, 1")
    assert [one.vector for one in of(seen, Delivered)] == delivered
    assert machine.cpu.dr6 == dr6
