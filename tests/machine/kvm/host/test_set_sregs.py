"""User space sets control registers."""

from __future__ import annotations

import pytest

from kvm_support import L1_PAGE, Machine, decided, made, of
from kvmdbg.errors import UserError
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.events import Ioctl, RootAllocated
from kvmdbg.machine.kvm.vmx_ops import read

OTHER_CR3 = 0x2000


@pytest.mark.parametrize(("kernel", "asked"), [
    ("v3.1", []), ("v4.4", []), ("v5.8", []), ("v5.16", []), ("4346db6e6e7a^", []), ("v6.12", ["TLB_FLUSH_GUEST"])])
def test_a_new_cr3_resets_the_mmu_and_on_v6_12_flushes_the_guest(kernel: str, asked: list[str]) -> None:
    """D, row KVM_SET_SREGS; J.1: 6.1 asks for nothing, the flush is the root load's."""
    m = Machine(kernel).given_vmx()
    m.map("L1", L1_PAGE, 0x50_0000, root=OTHER_CR3)
    m.poke(0x50_0000, 9)
    m.run(f"load {L1_PAGE:#x}")
    events = m.host(f"set-sregs CR3={OTHER_CR3:#x}")
    assert [name for name in made(events) if name == "TLB_FLUSH_GUEST"] == asked
    assert of(events, Ioctl) == [Ioctl(0, "KVM_SET_SREGS", "ok")]
    events = m.run(f"load {L1_PAGE:#x}")
    assert len(of(events, RootAllocated)) == 1 and m.cpu.cr3 == OTHER_CR3 and m.cpu.rax == 9


def test_values_that_it_has_already_change_nothing() -> None:
    m = Machine().given_vmx()
    events = m.host(f"set-sregs CR3={m.cpu.cr3:#x} CR0={m.vcpu.cr0:#x}")
    assert made(events) == [] and decided(m.run("nop"), "fast_pgd_switch") == []


@pytest.mark.parametrize(("text", "words"), [
    ("CR0=0x80000000", "CR0 must not set PG without PE"), ("CR4=0", "needs CR4.PAE"), ("EFER=0x100", "EFER.LMA"),
    ("CR3=0x10000000000000", "CR3 has bits above"), ("CR2=5", "must be one of CR0"), ("", "is missing")])
def test_what_no_processor_can_have_is_refused(text: str, words: str) -> None:
    m = Machine().given_vmx()
    end = m.kvm.tape.end
    with pytest.raises(UserError, match=words):
        m.host(f"set-sregs {text}")
    assert m.kvm.tape.end == end


def test_segments_are_taken_as_they_are() -> None:
    m = Machine()
    m.run("nop")
    m.host("set-sregs TR=unusable FS.base=0x1000 GS.selector=0x23 SS.limit=7")
    assert read(m.kvm, m.vcpu, F.GUEST_TR_AR_BYTES) & 1 << 16
    assert [read(m.kvm, m.vcpu, one) for one in (F.GUEST_FS_BASE, F.GUEST_GS_SELECTOR, F.GUEST_SS_LIMIT)] == [0x1000, 0x23, 7]
    with pytest.raises(UserError):
        m.host("set-sregs TR.colour=1")
