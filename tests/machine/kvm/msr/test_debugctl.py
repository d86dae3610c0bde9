"""IA32_DEBUGCTL of a guest."""

from __future__ import annotations

import pytest

from kvm_support import Machine
from kvmdbg.errors import Unsupported


@pytest.mark.parametrize("text", ["rdmsr IA32_DEBUGCTL", "wrmsr IA32_DEBUGCTL, 0"])
def test_it_is_refused(text: str) -> None:
    m = Machine()
    m.run("nop")
    m.program(text)
    with pytest.raises(Unsupported, match="is not modelled"):
        m.step_to("never")
