"""d6185f20a0ef: KVM_REQ_IMMEDIATE_EXIT."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_request_is_new() -> None:
    """A.1."""
    before, after = kernel("d6185f20a0ef^"), kernel("d6185f20a0ef")
    assert set(after.request_bits()) - set(before.request_bits()) == {"IMMEDIATE_EXIT"}
    assert (*before.service_order(), "IMMEDIATE_EXIT") == after.service_order()
