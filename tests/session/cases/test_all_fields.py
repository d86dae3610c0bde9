"""Every field of a VMCS, written and read."""

from __future__ import annotations

import pytest

from casework import harness
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.fields import FIELDS, F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.session.cases.all_fields import Fields, difference, kept, vmread_all, vmwrite_all


@pytest.mark.parametrize(("encoding", "value"), [
    (F.VIRTUAL_PROCESSOR_ID, 0x42), (F.GUEST_CS_AR_BYTES, 0x1_6042), (F.EXCEPTION_BITMAP, 0x40_0442),
    (F.GUEST_CR3, 0xDEAD_BEEF_0068_0242)])
def test_what_a_field_keeps(encoding: int, value: int) -> None:
    expected = (0x42 | encoding << 8) & 0x1_F0FF if encoding == F.GUEST_CS_AR_BYTES else value
    assert kept(FIELDS[encoding], 0x42) == expected


@pytest.mark.parametrize(("write", "read"), [
    ("all 0x42", "all"), ("every field with a value derived from 0x42", "every field"), ("all fields 0x42", "all fields")])
def test_every_field_of_vmcs12_is_written_and_read(write: str, read: str) -> None:
    h = harness()
    vmwrite_all(h, write)
    found = vmread_all(h, read)
    assert (len(found.read), found.written) == (len(vmcs12.MEMBERS), 0x42)
    assert difference(found, 0x42) == ""
    assert "instead of" in difference(found, 0x43)


def test_a_field_that_holds_something_else_is_named() -> None:
    assert difference(Fields(((F.GUEST_CR3, 1),), -1), 0x42) == "GUEST_CR3 = 0x1 instead of 0xdeadbeef00680242"
    assert difference(Fields((), -1), 0x42) == "no field was read"


def test_other_words() -> None:
    h = harness()
    with pytest.raises(Unsupported, match="derived from it"):
        vmwrite_all(h, "all of them")
    with pytest.raises(Unsupported, match="every field"):
        vmread_all(h, "all guest fields")


def test_the_highest_index_is_that_of_the_fields_that_were_read() -> None:
    h = harness()
    assert h.binding.number("highest index among the fields that VMREAD accepts") == -1
    vmread_all(h, "all")
    assert h.binding.number("highest index among the fields that VMREAD accepts") == F.TSC_MULTIPLIER >> 1 & 0x1FF
