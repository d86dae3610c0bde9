"""The path of the model's functions at the cursor, with their own words."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.machine.boot import boot
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.events import Invalidated
from kvmdbg.session.reports.source import line, path_in_project, source
from looking import Looking, looking


def at_a_flush() -> Looking:
    s = looking("v6.12", listening=True)
    s.tape.seek(next(position for position, event in s.tape.events() if isinstance(event, Invalidated)))
    return s


def test_the_path_names_the_kernels_functions() -> None:
    functions = source(at_a_flush()).column("function")
    assert functions[-1] == "vcpu_enter_guest()"
    assert "kvm_vcpu_flush_tlb_all()" in functions


def test_each_function_says_what_it_does() -> None:
    grid = source(at_a_flush())
    says = dict(zip(grid.column("function"), grid.column("says"), strict=True))
    assert says["ept_sync_global()"] == "INVEPT all-context."


def test_the_line_is_in_the_project() -> None:
    text = line(at_a_flush()).text
    assert "kvmdbg/machine/hw/" in text
    assert path_in_project("/x/kvmdbg/y/kvmdbg/machine/kvm/mmu.py") == "kvmdbg/machine/kvm/mmu.py"


def test_at_the_end_the_last_entry_counts() -> None:
    s = looking("v6.12", listening=True)
    assert source(s).rows


def test_without_anything_to_show_it_says_why() -> None:
    with pytest.raises(UserError, match="Nothing has run yet"):
        source(Looking(boot(kernel("v6.12"), listening=True)))
    with pytest.raises(UserError, match="No call stack"):
        source(looking("v6.12"))
