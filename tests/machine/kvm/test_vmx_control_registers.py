"""Control registers as the guest sees them and as the processor has them."""

from __future__ import annotations

from kvm_support import V6_12, Machine, made
from kvmdbg.machine.hw.controls import CR0_WP, CR4_VMXE
from kvmdbg.machine.kvm.vmx_control_registers import kvm_read_cr3, kvm_read_cr4


def running(name: str = V6_12) -> Machine:
    m = Machine(name)
    m.run("nop")
    return m


def test_cr3_is_the_guests_own_with_ept() -> None:
    m = running()
    m.run("mov cr3, 0x9000", "cpuid")
    assert (m.vcpu.cr3, kvm_read_cr3(m.kvm, m.vcpu)) == (0x1000, 0x9000)


def test_cr4_pge_is_the_guests_own_and_read_from_the_vmcs() -> None:
    m = running()
    assert made(m.run("mov cr4, 0x2020", "cpuid")) == []
    assert (m.vcpu.cr4 & 0x80, kvm_read_cr4(m.kvm, m.vcpu)) == (0x80, 0x2020)


def test_hardware_always_has_vmxe_and_the_guest_sees_its_own() -> None:
    m = running()
    m.run("mov cr4, 0xa0")
    assert (m.cpu.cr4 & CR4_VMXE, m.vcpu.cr4 & CR4_VMXE) == (CR4_VMXE, 0)
    m.run("mov rax, cr4")
    assert m.cpu.rax == 0xA0


def test_cr0_as_the_guest_sees_it_and_as_hardware_has_it() -> None:
    m = running()
    m.run("mov cr0, 0x80000011", "mov rax, cr0")
    assert (m.cpu.rax, m.cpu.cr0 & CR0_WP) == (0x8000_0011, 0)
    assert m.cpu.cr0 & 0x20                              # NE, which VMX operation needs
