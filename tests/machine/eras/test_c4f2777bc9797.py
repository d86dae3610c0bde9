"""4f2777bc9797: a private copy of vmcs12."""

from __future__ import annotations

from kvm_support import V4_4, V6_12, VMCS, Machine
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12


def test_the_question() -> None:
    assert [kernel(name).caches_vmcs12() for name in (V4_4, "v4.4 +4f2777bc9797", "v6.12 -4f2777bc9797", V6_12)] == [
        False, True, False, True]


def test_an_exit_of_l2_shows_in_l1s_page_at_once_or_when_it_is_released() -> None:
    found = {}
    for name in (V4_4, "v4.4 +4f2777bc9797"):
        m = Machine(name).start()
        m.run("vmcall")
        before = vmcs12.read_guest(m.kvm, VMCS, F.VM_EXIT_REASON)
        m.run(f"vmclear {VMCS:#x}")
        found[name] = (before, vmcs12.read_guest(m.kvm, VMCS, F.VM_EXIT_REASON))
    assert found == {V4_4: (18, 18), "v4.4 +4f2777bc9797": (0, 18)}
