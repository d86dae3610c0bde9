"""Machines made from dumps."""

from __future__ import annotations

import pytest

from dump_support import STYLES, fields, vmcs_log
from kvmdbg.errors import UserError
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw import memory, vmcs
from kvmdbg.machine.hw.controls import SEC_ENABLE_EPT, SEC_ENABLE_VPID
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm.state import Config
from kvmdbg.session.dumps.dump import Dump
from kvmdbg.session.dumps.vmcs import vmcs_dumps
from kvmdbg.session.dumps.vmcs_machine import Loaded, machine_from
from session_support import session


def load(style: str = "v6.12", msrs: tuple[tuple[int, int], ...] = (), caps: Caps = Caps(), on: str = "v6.12",
         **changes: int) -> Loaded:
    dump = next(vmcs_dumps(vmcs_log(fields(session("continue"), **changes), style, msrs)))
    return machine_from(dump, kernel(on), Config(), caps, False)


def value(made: Loaded, encoding: int) -> int:
    return vmcs.peek(made.kvm.hw, made.kvm.vmcs01(made.kvm.vcpus[0]), encoding)


@pytest.mark.parametrize("style", STYLES)
def test_vcpu0_stands_in_front_of_the_entry(style: str) -> None:
    made = load(style, GUEST_CR3=0x5000, GUEST_RIP=0x1234)
    vcpu = made.kvm.vcpus[0]
    assert (vcpu.todo, vcpu.cr3, made.kvm.hw.cpus[0].current_vmcs) == (("vmenter",), 0x5000, made.kvm.vmcs01(vcpu))
    assert value(made, F.GUEST_RIP) == 0x1234 and made.kvm.tape.end == 0 and made.caps == Caps()
    assert F.GUEST_RIP in made.printed and F.VMCS_LINK_POINTER not in made.printed and value(made, F.VMCS_LINK_POINTER)


def test_registers_as_the_guest_sees_them() -> None:
    made = load(GUEST_CR0=0x8005_003B, CR0_READ_SHADOW=0x8005_0033, CR0_GUEST_HOST_MASK=0xFFFF_FFFF_FFFF_FFFF & ~8)
    assert made.kvm.vcpus[0].cr0 == 0x8005_003B
    assert load(GUEST_CR0=0x8005_003B, CR0_READ_SHADOW=0x8005_0033, CR0_GUEST_HOST_MASK=8).kvm.vcpus[0].cr0 == 0x8005_0033


def test_the_ept_pointer_names_the_root() -> None:
    made = load(EPT_POINTER=0x7_6543_205E)
    root = made.kvm.mmu(made.kvm.vcpus[0]).root
    assert root.hpa == 0x7_6543_2000 and made.kvm.hw.frames[root.hpa].startswith("EPT01") and "empty table" in made.notes[-1]
    assert "cannot name KVM's root" in load(EPT_POINTER=0xF000_005E).notes[-1]


def test_the_controls_say_how_kvm_was_loaded() -> None:
    everything = fields(session("continue"))("SECONDARY_VM_EXEC_CONTROL")
    made = load(SECONDARY_VM_EXEC_CONTROL=everything & ~SEC_ENABLE_VPID, VIRTUAL_PROCESSOR_ID=0)
    assert not made.kvm.config.enable_vpid and "enable_vpid=0" in made.notes[0]
    made = load(SECONDARY_VM_EXEC_CONTROL=everything & ~SEC_ENABLE_EPT & ~0x80, GUEST_CR3=0x3_0000_0000)
    assert not made.kvm.config.enable_ept and made.kvm.mmu(made.kvm.vcpus[0]).root.hpa == 0x3_0000_0000


def test_vpids_change_places() -> None:
    made = load(on="v4.4", VIRTUAL_PROCESSOR_ID=2)
    vcpu = made.kvm.vcpus[0]
    assert (vcpu.vpid, vcpu.vpid02) == (2, 1)
    assert dict(made.kvm.vpid_bitmap.items()) == {1: "vcpu0 vpid02", 2: "vcpu0 vpid01"}
    assert load(VIRTUAL_PROCESSOR_ID=77).kvm.vcpus[0].vpid == 77
    assert load(VIRTUAL_PROCESSOR_ID=0).kvm.vcpus[0].vpid == 0


def test_the_processor_offers_what_is_used() -> None:
    made = load(SECONDARY_VM_EXEC_CONTROL=0x0010_02AB, HOST_CR4=0x40_26E0, HOST_CR3=1 << 50, EPT_POINTER=0x1_0000_001E)
    assert made.caps.virtual_interrupts and made.caps.maxphyaddr == 51 and not made.caps.ept_ad
    assert made.caps.beyond_model == (0, 0, 0x10_0000, 0, 0, 0x40_0000) and "beyond_model=" in made.notes[0]


def test_lists_of_msrs_lie_in_memory() -> None:
    made = load(msrs=((0xC000_0100, 5), (0x10, 7)))
    area = value(made, F.VM_ENTRY_MSR_LOAD_ADDR)
    assert value(made, F.VM_ENTRY_MSR_LOAD_COUNT) == 2
    assert [memory.read64(made.kvm.hw, area + at) for at in (0, 8, 16, 24)] == [0xC000_0100, 5, 0x10, 7]


def test_registers_that_the_model_does_not_keep_are_left_out() -> None:
    made = load(msrs=((0x600, 5), (0x10, 7)))
    assert value(made, F.VM_ENTRY_MSR_LOAD_COUNT) == 1
    assert "MSRs that the model does not keep, left out of the lists: 0x600" in made.notes


def test_a_dump_without_controls_is_refused() -> None:
    with pytest.raises(UserError, match="no control state"):
        machine_from(Dump("VMCS", 3, 9, {"GUEST_CR3": 1}), kernel("v6.12"), Config(), Caps(), False)
