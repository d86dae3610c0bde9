"""The model's functions by name."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.session.functions import excerpt, functions, length, named, short
from session_support import session

session()


def test_kernel_functions_are_found_by_name() -> None:
    code, = named("kvm_vcpu_flush_tlb_current")
    assert short(code.co_filename) == "x86.py"
    assert "vcpu_enter_guest" in functions()


def test_an_unknown_function_gets_a_guess() -> None:
    with pytest.raises(UserError, match="not defined in the model.*kvm_vcpu_flush_tlb_current"):
        named("kvm_vcpu_flush_tlb_curent")


def test_an_excerpt_ends_with_the_file_and_carries_marks() -> None:
    code, = named("kvm_set_cr0")
    listing = excerpt(code.co_filename, "kvm_set_cr0", code.co_firstlineno, 3, {code.co_firstlineno: "=>"})
    assert [line.number for line in listing.lines] == list(range(code.co_firstlineno, code.co_firstlineno + 3))
    assert listing.lines[0].text.startswith("def kvm_set_cr0") and listing.lines[0].mark == "=>"
    assert len(excerpt(code.co_filename, "", length(code.co_filename), 10, {}).lines) == 1
