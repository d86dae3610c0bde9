"""Accesses to I/O ports."""

from __future__ import annotations

import pytest

from casework import OPEN_EPT, harness, observe, operation
from kvmdbg.errors import Unsupported
from kvmdbg.machine.kvm.events import PortAccessed
from kvmdbg.session.cases import binding
from kvmdbg.session.cases.operations.string_io import port_io, string_io


def test_a_byte_of_memory_goes_to_the_port() -> None:
    (step,) = observe("L2: outs (read) gva=V", given=OPEN_EPT)
    assert [(event.direction, event.value) for event in step.events(PortAccessed)] == [("out", binding.MARK_OLD & 0xFF)]
    _, load = observe("L2: ins (write) gva=V", "L2: load gva=V")
    assert load.last.value == binding.MARK_OLD | 0xFF


def test_a_port_by_number() -> None:
    (step,) = observe("L1: in port=0x71 size=2")
    assert step.last.value is not None and step.last.value & 0xFFFF == 0xFFFF
    for text, port in (("L1: out", 0x80), ("L1: out 0x3f8", 0x3F8), ("L1: in 0x60", 0x60)):
        (step,) = observe(text)
        assert step.events(PortAccessed)[0].port == port


def test_l1_takes_what_it_asks_for() -> None:
    (step,) = observe("L2: out 0x80", given={"vmcs12": {"unconditional_io_exiting": True}})
    assert step.seen.reason == 30


@pytest.mark.parametrize("text", ["in whistling", "out colour=red"])
def test_other_operands(text: str) -> None:
    with pytest.raises(Unsupported):
        port_io(harness(), *operation(f"L1: {text}"))


def test_other_asides() -> None:
    with pytest.raises(Unsupported):
        string_io(harness(), *operation("L1: outs (sing) gva=V"))
