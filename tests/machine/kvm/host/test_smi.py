"""host smi."""

from __future__ import annotations

import pytest

from kvm_support import Machine
from kvmdbg.errors import Unsupported, UserError


def test_it_wakes_a_halted_vcpu() -> None:
    m = Machine()
    m.run("hlt")
    m.host("smi")
    m.run("nop")
    assert m.vcpu.smm


@pytest.mark.parametrize(("name", "error"), [("v3.2", UserError), ("v4.4", Unsupported)])
def test_where_it_cannot_be(name: str, error: type[Exception]) -> None:
    """v3.2 has no SMM; v4.4 would run the handler as L2."""
    m = Machine(name)
    if name == "v4.4":
        m.start()
    end = m.kvm.tape.end
    with pytest.raises(error):
        m.host("smi")
    assert m.kvm.tape.end == end
