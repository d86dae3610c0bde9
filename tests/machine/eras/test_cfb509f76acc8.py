"""fb509f76acc8: with EPT the guest changes CR0.WP without an exit."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel

BEFORE, AFTER = "fb509f76acc8^", "fb509f76acc8"


def test_the_question() -> None:
    assert [kernel(name).guest_owns_cr0_wp() for name in (BEFORE, AFTER)] == [False, True]
