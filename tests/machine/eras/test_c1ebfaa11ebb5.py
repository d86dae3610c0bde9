"""1ebfaa11ebb5: who asks another vCPU for a guest flush waits for it."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.questions.requests import NO_WAKEUP, WAIT

BEFORE, AFTER = "1ebfaa11ebb5^", "1ebfaa11ebb5"


def test_the_flags() -> None:
    assert [kernel(name).request_flags()["TLB_FLUSH_GUEST"] for name in (BEFORE, AFTER)] == [(NO_WAKEUP,), (WAIT, NO_WAKEUP)]
    assert kernel("v5.10").request_flags()["HV_TLB_FLUSH"] == (NO_WAKEUP,)
