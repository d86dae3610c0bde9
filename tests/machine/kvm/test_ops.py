"""kvm_x86_ops of kvm_intel."""

from __future__ import annotations

import inspect

from kvm_support import V6_12, Machine, flushes
from kvmdbg.machine.kvm.ops import VmxOps
from kvmdbg.machine.kvm.state import X86Ops


def test_every_hook_is_there_with_the_same_parameters() -> None:
    hooks = {name: hook for name, hook in inspect.getmembers(X86Ops, inspect.isfunction) if not name.startswith("_")}
    assert len(hooks) > 10
    for name, hook in hooks.items():
        assert inspect.signature(getattr(VmxOps, name)) == inspect.signature(hook), name


def test_the_common_code_reaches_the_vendors_through_them() -> None:
    m = Machine(V6_12)
    m.run("nop")
    start = m.kvm.tape.cursor
    m.kvm.ops.flush_tlb_all(m.kvm, m.vcpu)
    m.kvm.ops.flush_tlb_current(m.kvm, m.vcpu)
    m.kvm.ops.flush_tlb_guest(m.kvm, m.vcpu)
    assert flushes(m.since(start)) == ["invept all-context", f"invept single-context {m.tag():#x}", "invvpid single-context 1"]
    assert (m.kvm.ops.read_cr3(m.kvm, m.vcpu), m.kvm.ops.read_cr4(m.kvm, m.vcpu)) == (0x1000, 0x20A0)
    m.kvm.ops.set_cr0(m.kvm, m.vcpu, 0x8000_0031)
    m.kvm.ops.set_cr4(m.kvm, m.vcpu, 0x20A0)
    assert (m.vcpu.cr0, m.vcpu.cr4) == (0x8000_0031, 0x20A0)
