"""Texts of phrases, and what no handler understands."""

from __future__ import annotations

from typing import Any

import pytest

from casework import after
from kvmdbg.errors import Unsupported
from kvmdbg.session.cases import premises, premises_of_memory, premises_of_registers, premises_of_vmcs12
from kvmdbg.session.cases.phrases import Handler, phrases, refused

MODE = phrases(premises_of_registers.MODE)
L1 = phrases(premises_of_vmcs12.L1)


@pytest.mark.parametrize(("handler", "value", "message"), [
    (MODE, "64-bit, upside down", "upside down: cannot be set up"), (L1, "CR4.FROB=1", "CR4.FROB: no bit of CR4 in the model"),
    (premises_of_vmcs12.eptp, "A", "given eptp: A"), (premises_of_vmcs12.guest_rflags, "odd", "given guest_rflags: odd"),
    (premises.needs, "luck", "needs luck: no capability that a row can need"), (refused("no"), 1, "no"),
])
def test_refusals(handler: Handler, value: Any, message: str) -> None:
    with pytest.raises(Unsupported) as caught:
        after(handler, value)
    assert str(caught.value) == message


def test_a_comma_in_parentheses_ends_no_phrase() -> None:
    setup = phrases(premises_of_memory.SETUP)
    plan = after(setup, "paths 1 and 3 go through pud1 (user, write) and pud2 (user, read) to the same pmd page")
    assert plan.layout.shared_pmd == ("user, write", "user, read")
