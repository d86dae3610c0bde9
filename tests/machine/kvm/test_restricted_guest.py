"""A guest without paging, on a processor that cannot run one (kvm.md D, I-15)."""

from __future__ import annotations

import pytest

from kvm_support import KERNELS, L1_PAGE, V6_12, Machine, exits, values
from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import CPU_CR3_LOAD_EXITING, CPU_CR3_STORE_EXITING, CR4_PSE, CR4_VMXE
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm.restricted_guest import IDENTITY_MAP
from session_support import session

PAGING, NO_PAGING = 0x8005_0033, 0x5_0033
DIRECTORY, OTHER = 0x5_0000, 0x5_1000
LARGE = 0xE7
BEHIND = 0xC0_0000            # where OTHER maps the linear address 0x800000
RESTRICTED = Caps(unrestricted_guest=False)


def in_32_bit_paging(name: str = V6_12, caps: Caps = RESTRICTED, **config: bool) -> Machine:
    """L1 with 4-MByte pages: linear address 0x800000 is itself."""
    m = Machine(name, caps, **config)
    m.poke(DIRECTORY + 8, 0x80_0000 | LARGE)
    m.poke(OTHER + 8, BEHIND | LARGE)
    m.poke(0x80_0000, 0xA)
    m.poke(BEHIND, 0xB)
    m.host(f"set-sregs CR0={PAGING:#x} CR3={DIRECTORY:#x} CR4={CR4_VMXE | CR4_PSE:#x} EFER=0x800")
    return m


def cr3_exits(m: Machine) -> bool:
    both = CPU_CR3_LOAD_EXITING | CPU_CR3_STORE_EXITING
    return m.kvm.hw.vmcs[m.kvm.vmcs01(m.vcpu), F.CPU_BASED_VM_EXEC_CONTROL] & both == both


@pytest.mark.parametrize("name", KERNELS)
def test_paging_off_and_on_again(name: str) -> None:
    m = in_32_bit_paging(name)
    assert values(m.run("load 0x800000")) == [0xA] and not cr3_exits(m)
    m.run(f"mov cr0, {NO_PAGING:#x}")
    assert cr3_exits(m) and m.cpu.cr3 == IDENTITY_MAP and m.cpu.cr0 == PAGING
    assert values(m.run("load 0x800000", f"load {BEHIND:#x}")) == [0xA, 0xB]
    assert exits(m.run(f"mov cr3, {OTHER:#x}"))[0] == 28
    assert m.cpu.cr3 == IDENTITY_MAP and values(m.run("load 0x800000")) == [0xA]
    m.run("mov rax, cr3")
    assert m.cpu.rax == OTHER
    m.run(f"mov cr0, {PAGING:#x}")
    assert not cr3_exits(m) and m.cpu.cr3 == OTHER and values(m.run("load 0x800000")) == [0xB]
    assert exits(m.run(f"mov cr3, {DIRECTORY:#x}")) == [] and values(m.run("load 0x800000")) == [0xA]


def test_an_unrestricted_guest_has_its_own_cr3() -> None:
    m = in_32_bit_paging(caps=Caps())
    m.run(f"mov cr0, {NO_PAGING:#x}")
    assert m.cpu.cr3 == DIRECTORY and m.cpu.cr0 == NO_PAGING and not cr3_exits(m)
    assert exits(m.run(f"mov cr3, {OTHER:#x}")) == [] and values(m.run("load 0x800000")) == [0xA]


def test_l2_is_not_concerned() -> None:
    m = Machine(V6_12, RESTRICTED).given_vmx()
    m.given_l2()
    m.run("vmptrld 0x5000", "vmlaunch", "load 0x800000")
    assert m.vcpu.guest_mode and exits(m.run("mov cr3, 0x40000")) == []
    m.run("vmcall", f"load {L1_PAGE:#x}")
    assert not m.vcpu.guest_mode


def test_without_ept_there_is_no_identity_map() -> None:
    assert list(Machine(V6_12, RESTRICTED, enable_ept=False).kvm.memslots) == [0]
    assert list(Machine(V6_12, RESTRICTED).kvm.memslots) == [0, IDENTITY_MAP >> 12]


def test_real_mode_is_refused() -> None:
    m = in_32_bit_paging()
    with pytest.raises(Unsupported, match="real mode on a processor without"):
        m.run("mov cr0, 0x50032")


@pytest.mark.parametrize("line", ["host smi", "host init"])
def test_so_are_events_that_lead_to_it_and_nothing_changes(line: str) -> None:
    s = session("machine unrestricted_guest=0", "inject nop", kernel=V6_12)
    before = s.tape.cursor
    with pytest.raises(Unsupported, match="real mode"):
        s.execute(line)
    assert (s.tape.cursor, s.tape.end, s.kvm.vcpus[0].cr0) == (before, before, PAGING)
