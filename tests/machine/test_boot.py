"""Booting: position #0, before anything has run."""

from __future__ import annotations

import pytest

from kvm_support import KERNELS, V4_3, V4_4, V6_12, Machine
from kvmdbg.errors import Unsupported, UserError
from kvmdbg.machine.boot import boot
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import CR4_PCIDE, SEC_ENABLE_EPT, SEC_ENABLE_VPID
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import VMX_ROOT, Caps
from kvmdbg.machine.kvm.state import INVALID_GPA, INVALID_PAGE, OUTSIDE_GUEST_MODE, Config


@pytest.mark.parametrize("name", KERNELS)
def test_at_position_0_the_vm_exists_and_nothing_has_run(name: str) -> None:
    m = Machine(name)
    assert (m.kvm.tape.cursor, m.kvm.tape.end) == (0, 0)
    assert (m.vcpu.mode, m.vcpu.cpu, m.vcpu.todo) == (OUTSIDE_GUEST_MODE, -1, ("vcpu_load", "vcpu_enter_guest"))
    assert (m.vcpu.requests, m.vcpu.guest_mode, m.vcpu.vmxon) == (0, False, False)
    assert (m.vcpu.current_vmptr, m.root_mmu.root.hpa) == (INVALID_GPA, INVALID_PAGE)
    assert m.cpu.vmx == VMX_ROOT
    assert len(m.kvm.hw.tlb[0]) == 0


def test_vmcs01_describes_a_64_bit_kernel_with_its_vpid() -> None:
    m = Machine()
    region = m.kvm.vmcs01(m.vcpu)
    assert [vmcs.peek(m.kvm.hw, region, field) for field in (F.GUEST_CR3, F.VIRTUAL_PROCESSOR_ID)] == [0x1000, 1]
    assert vmcs.peek(m.kvm.hw, region, F.SECONDARY_VM_EXEC_CONTROL) & (SEC_ENABLE_EPT | SEC_ENABLE_VPID) == 0x22


@pytest.mark.parametrize(("name", "vpid02", "bitmap"), [(V4_3, 0, [1]), (V4_4, 2, [1, 2]), (V6_12, 0, [1])])
def test_vpids_of_a_new_vcpu(name: str, vpid02: int, bitmap: list[int]) -> None:
    """Between v4.4 and v4.17 vpid02 is taken with the vCPU; before v4.4 there is none; from v4.18 on VMXON takes it (F)."""
    m = Machine(name)
    assert (m.vcpu.vpid, m.vcpu.vpid02, list(m.kvm.vpid_bitmap)) == (1, vpid02, bitmap)


@pytest.mark.parametrize("name", KERNELS)
def test_without_enable_vpid_there_are_no_vpids(name: str) -> None:
    m = Machine(name, enable_vpid=False)
    assert (m.vcpu.vpid, m.vcpu.vpid02, list(m.kvm.vpid_bitmap)) == (0, 0, [])
    assert not vmcs.peek(m.kvm.hw, m.kvm.vmcs01(m.vcpu), F.SECONDARY_VM_EXEC_CONTROL) & SEC_ENABLE_VPID


def test_without_nested_no_vpid02_is_taken() -> None:
    assert Machine(V4_4, nested=False).vcpu.vpid02 == 0


@pytest.mark.parametrize(("config", "caps", "word"), [(Config(vcpus=2), Caps(), "2 vCPUs")])
def test_what_is_not_modelled_is_refused(config: Config, caps: Caps, word: str) -> None:
    with pytest.raises(Unsupported, match=word) as refusal:
        boot(kernel(V6_12), config, caps)
    assert refusal.value.hint


def test_ept_needs_a_processor_with_it() -> None:
    with pytest.raises(UserError, match="needs a processor with EPT"):
        boot(kernel(V6_12), Config(), Caps(ept=False))
    assert boot(kernel(V6_12), Config(enable_ept=False), Caps(ept=False, invept_types=())).vcpus[0].vpid == 1


@pytest.mark.parametrize(("caps", "word"), [
    (Caps(lacks=(1, 0, 0, 0, 0)), "KVM needs a processor with EXTERNAL_INTERRUPT_EXITING"),
    (Caps(lacks=(2, 0, 0, 0, 0)), "demands controls that it does not offer: 0x2"), (Caps(ept_wb=False), "write-back memory"),
    (Caps(timer_rate=32), "timer_rate of 0 to 31"), (Caps(cr3_targets=5), "cr3_targets of 0 to 4"),
    (Caps(required=(1, 0, 0, 0)), "only default1 controls"), (Caps(lacks=(0,)), "no words of controls"),
    (Caps(vpid=False), "enable_vpid=1"), (Caps(invvpid_types=()), "enable_vpid=1"), (Caps(invvpid_types=(0, 3)), "enable_vpid=1"),
    (Caps(invept_types=(1,)), "INVEPT")])
def test_a_processor_on_which_kvm_would_not_start_is_refused(caps: Caps, word: str) -> None:
    with pytest.raises(UserError, match=word):
        boot(kernel(V6_12), Config(), caps)


def test_a_processor_without_vpid_does_with_enable_vpid_0() -> None:
    assert boot(kernel(V6_12), Config(enable_vpid=False), Caps(vpid=False, invvpid_types=())).vcpus[0].vpid == 0


def test_a_bare_machine_keeps_no_tape() -> None:
    kvm = boot(kernel(V6_12), recording=False)
    assert not kvm.tape.recording


def test_two_boots_are_equal() -> None:
    assert Machine().kvm.tape.digest() == Machine().kvm.tape.digest()


def test_a_host_has_as_many_processors_as_one_says() -> None:
    kvm = boot(kernel(V6_12), Config(cpus=3), Caps())
    assert [cpu.id for cpu in kvm.hw.cpus] == [0, 1, 2] and len({cpu.vmxon_pointer for cpu in kvm.hw.cpus}) == 3


@pytest.mark.parametrize("cpus", [0, 65])
def test_a_host_without_processors_or_with_too_many_is_refused(cpus: int) -> None:
    with pytest.raises(UserError, match="processors make no host"):
        boot(kernel(V6_12), Config(cpus=cpus), Caps())


@pytest.mark.parametrize("vpids", [-1, 0x1_0000])
def test_there_are_65535_vpids_for_guests(vpids: int) -> None:
    with pytest.raises(UserError, match="VPIDs for guests"):
        boot(kernel(V6_12), Config(vpids=vpids), Caps())
    assert boot(kernel(V6_12), Config(vpids=0xFFFF), Caps()).vcpus[0].vpid == 1


@pytest.mark.parametrize("caps", [Caps(pcid=False), Caps(pcid=False, invpcid=False, la57=True)])
def test_a_host_sets_no_bit_of_cr4_that_its_processor_lacks(caps: Caps) -> None:
    m = Machine(caps=caps)
    assert not m.cpu.cr4 & CR4_PCIDE
    m.given_vmx().given_l2().enter()
    assert m.vcpu.guest_mode
