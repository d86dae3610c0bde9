"""host timer."""

from __future__ import annotations

import pytest

from events_support import PIN, in_l2
from kvm_support import Machine, made
from kvmdbg.errors import UserError


def test_it_expires_early() -> None:
    m = in_l2("v6.12", PIN_BASED_VM_EXEC_CONTROL=PIN | 1 << 6, VMX_PREEMPTION_TIMER_VALUE=50)
    assert made(m.host("timer")) == ["EVENT"]
    assert m.kvm.events(m.vcpu).timer_expired


def test_without_one_it_is_refused() -> None:
    with pytest.raises(UserError, match="no preemption timer of vcpu0 runs"):
        Machine().host("timer")
