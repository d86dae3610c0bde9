"""`bit_kind`: every control of a kind, by the capability MSRs that L1 reads."""

from __future__ import annotations

import pytest

from casework import RUNNER, case
from kvm_support import Machine
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.fields import F
from kvmdbg.session.cases.control_bits import NO_BIT, bits
from kvmdbg.session.cases.matrix import instances
from kvmdbg.session.cases.model import Matrix
from kvmdbg.session.cases.runner import FAIL, OK


def of(title: str, kind: str, kernel: str = "v6.12") -> list[tuple[int, int]]:
    return [(one.field, one.bit) for one in bits(Machine(kernel).kvm, case()._replace(title=title), {"bit_kind": kind})]


def test_the_title_names_the_fields_and_the_msrs_name_the_bits() -> None:
    pin, cpu = F.PIN_BASED_VM_EXEC_CONTROL, F.CPU_BASED_VM_EXEC_CONTROL
    assert of("reserved bits of the pin-based controls", "must be 1") == [(pin, 2), (pin, 4), (pin, 16)]
    assert {field for field, _ in of("the pin-based and the primary controls", "must be 0")} == {pin, cpu}
    assert (pin, 1) in of("pin-based", "may be 1") and (pin, 2) not in of("pin-based", "may be 1")
    assert (cpu, 1 << 15) in of("primary", "must be 1", "3dbcd8da7b56")


def test_no_kind_is_no_bit() -> None:
    assert bits(Machine().kvm, case(), {}) == (NO_BIT,)


@pytest.mark.parametrize(("title", "kind", "said"), [
    ("pin-based", "must be fun", "no kind of controls"), ("something", "must be 1", "no control field in the title"),
    ("secondary", "must be 1", "no such control")])
def test_what_means_no_bit_is_unsupported(title: str, kind: str, said: str) -> None:
    with pytest.raises(Unsupported, match=said):
        of(title, kind)


@pytest.mark.parametrize(("wanted", "status"), [(7, OK), (8, FAIL)])
def test_each_bit_of_the_kind_is_tried(wanted: int, status: str) -> None:
    one = case("L1: for one bit: write allowed0 with that bit set", "L1: vmlaunch", expect=[{"step": 2, "error": wanted}],
               matrix=Matrix("m", ("bit_kind",), (("must be 0",),), ()))
    found = RUNNER.run_instance(instances(one._replace(title="reserved bits of the pin-based controls"))[0])
    assert found.status == status
    assert len(found.script) == (25 if status == OK else 1)
