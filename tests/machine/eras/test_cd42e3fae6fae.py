"""d42e3fae6fae: a change of CR0.CD or CR0.NW loads the PDPTEs."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_a_kernel_without_it_answers_as_before() -> None:
    assert kernel("d42e3fae6fae^").cache_control_loads_pdptes() is False


def test_a_kernel_with_it_does_not() -> None:
    assert kernel("d42e3fae6fae").cache_control_loads_pdptes() is True
