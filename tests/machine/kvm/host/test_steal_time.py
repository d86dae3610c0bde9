"""User space says where the steal time of a vCPU goes."""

from __future__ import annotations

import pytest

from kvm_support import Machine, made
from kvmdbg.errors import UserError
from kvmdbg.machine.kvm.steal_time import steal_time_page


def test_on_and_off() -> None:
    m = Machine()
    assert made(m.host("steal-time 0x7000")) == ["STEAL_UPDATE"] and steal_time_page(m.vcpu) == 0x7000
    m.host("steal-time off")
    assert steal_time_page(m.vcpu) == m.vcpu.steal_time == 0


@pytest.mark.parametrize("where", ["0x7008", "0x40000000", "there"])
def test_where_it_cannot_be(where: str) -> None:
    m = Machine()
    with pytest.raises(UserError):
        m.host(f"steal-time {where}")
    assert m.kvm.tape.end == 0
