"""f4160e459c57: L1 may write any field of its VMCS."""

from __future__ import annotations

from kvm_support import V4_4, V6_12, Machine, results
from kvmdbg.machine.eras.versions import kernel

BEFORE = "v6.12 -f4160e459c57"


def test_the_question() -> None:
    assert [kernel(name).vmwrite_reaches_read_only_fields() for name in (V4_4, BEFORE, V6_12)] == [False, False, True]


def test_vmwrite_to_an_exit_information_field() -> None:
    found = []
    for name in (BEFORE, V6_12):
        m = Machine(name).start()
        m.run("vmcall")
        found += results(m.run("vmwrite VM_EXIT_REASON, 1"))
    assert found == ["vmwrite 13", "vmwrite ok"]
