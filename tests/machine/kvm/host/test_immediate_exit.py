"""host immediate-exit."""

from __future__ import annotations

import pytest

from events_support import in_l2
from kvm_support import Machine, of
from kvmdbg.errors import UserError
from kvmdbg.machine.kvm.events import Ioctl


def test_kvm_run_returns_before_the_guest_runs() -> None:
    m = in_l2("v6.12", EXCEPTION_BITMAP=1 << 12)
    m.host("events pending=SS error=7")
    assert [(event.name, event.result) for event in of(m.host("immediate-exit"), Ioctl)] == [("KVM_RUN", "EINTR")]
    assert m.vcpu.guest_mode and m.vcpu.exception is None and m.kvm.events(m.vcpu).exception_vmexit is not None
    assert of(m.host("events"), Ioctl)[0].result == "pending #SS(0x7)"


def test_a_kernel_without_it() -> None:
    with pytest.raises(UserError):
        Machine("v4.4").host("immediate-exit")
