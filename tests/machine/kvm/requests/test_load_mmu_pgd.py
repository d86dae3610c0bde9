"""KVM_REQ_LOAD_MMU_PGD."""

from __future__ import annotations

from kvm_support import Machine, flushes, served
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.state import GUEST_MMU
from kvmdbg.machine.kvm.vmx_control_registers import set_cr3
from kvmdbg.machine.kvm.vmx_ops import read


def test_it_writes_eptp_and_cr3_and_flushes_nothing() -> None:
    m = Machine()
    m.run("nop")
    set_cr3(m.vcpu, 0x7000)
    kvm_make_request(m.kvm, m.vcpu, "LOAD_MMU_PGD", "a test")
    events = m.run("cpuid")
    assert (served(events), flushes(events)) == (["LOAD_MMU_PGD"], [])
    assert m.cpu.cr3 == 0x7000


def test_without_a_root_there_is_nothing_to_load() -> None:
    m = Machine()
    m.step()
    kvm_make_request(m.kvm, m.vcpu, "LOAD_MMU_PGD", "a test")
    _, events = m.step()
    assert served(events) == ["LOAD_MMU_PGD", "TLB_FLUSH", "STEAL_UPDATE"]
    assert read(m.kvm, m.vcpu, F.EPT_POINTER) >> 12 == m.tag()          # by kvm_mmu_load(), at the end


def test_a_flush_of_the_current_context_hits_the_root_just_loaded() -> None:
    """The order is load-bearing: 1438921c6dc1."""
    m = Machine().start()
    m.run("vmcall")
    m.program("vmresume")
    m.step_to("vcpu_enter_guest")
    assert m.pending() == ["LOAD_MMU_PGD"]
    kvm_make_request(m.kvm, m.vcpu, "TLB_FLUSH_CURRENT", "a test")
    _, events = m.step()
    assert served(events) == ["LOAD_MMU_PGD", "TLB_FLUSH_CURRENT"]
    assert flushes(events) == [f"invept single-context {m.tag(GUEST_MMU):#x}"]
    assert m.vmcs02(F.EPT_POINTER) >> 12 == m.tag(GUEST_MMU)
