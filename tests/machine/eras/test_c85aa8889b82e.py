"""85aa8889b82e: the other cached roots of the same EP4TA are synced as well."""

from __future__ import annotations

import pytest

from kvm_support import V4_4, V6_12
from kvmdbg.errors import UserError
from kvmdbg.machine.eras.versions import kernel

BEFORE = "v6.12 -85aa8889b82e"


def test_the_question() -> None:
    assert [kernel(name).syncs_roots_of_the_same_ep4ta() for name in (V4_4, BEFORE, V6_12)] == [False, False, True]


def test_it_stands_on_the_sync_of_the_current_root() -> None:
    with pytest.raises(UserError, match="85aa8889b82e needs ee1fa209f5e5"):
        kernel("v6.12 -ee1fa209f5e5")
