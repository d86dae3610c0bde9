"""Names of errors."""

from __future__ import annotations

from kvmdbg.machine.kvm.errno import EFAULT, EINVAL, OK


def test_no_error_is_false() -> None:
    assert not OK and EINVAL == "EINVAL" and EFAULT == "EFAULT"
