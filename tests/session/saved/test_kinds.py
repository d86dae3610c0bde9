"""Classes by name."""

from __future__ import annotations

import pytest

from kvmdbg.errors import ModelBug
from kvmdbg.machine.hw.events import VmEntered
from kvmdbg.machine.hw.state import Segment
from kvmdbg.machine.kvm.state import MmuRole
from kvmdbg.session.saved.kinds import is_record, kinds, name_of


@pytest.mark.parametrize("kind", [Segment, MmuRole, VmEntered])
def test_a_class_is_found_by_the_name_that_it_is_given(kind: type) -> None:
    assert kinds()[name_of(kind)] is kind


def test_no_class_is_lost_to_another_of_its_name() -> None:
    assert all(is_record(one) and name_of(one) == name for name, one in kinds().items())


def test_what_is_not_the_machines_has_no_name() -> None:
    with pytest.raises(ModelBug, match="cannot be saved"):
        name_of(dict)
