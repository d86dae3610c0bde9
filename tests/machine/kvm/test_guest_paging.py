"""Guests in other paging modes than four levels: which mode, and whose PDPTEs."""

from __future__ import annotations

import pytest

from kvm_support import DATA, EPT12, KERNELS, L1_PAGE, L2_CR3, V6_12, VMCS, Machine, exits, of, values
from kvmdbg.machine.hw.controls import CR0_CD, CR4_LA57, CR4_PAE, CR4_PGE, CR4_VMXE, EFER_NXE, ENTRY_LOAD_IA32_EFER
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.paging import BITS_32, LEVELS_4, LEVELS_5, PAE
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.hw.tlbkey import COMBINED
from kvmdbg.machine.kvm import tables, vmcs12
from kvmdbg.machine.kvm.events import NestedExited
from kvmdbg.machine.kvm.guest_paging import guest_paging, linear_bits
from kvmdbg.machine.kvm.vmx_control_registers import vmx_cache_pdptrs

LA = 0xC060_1000
OTHER = 0x7_0000
SECOND_CR3 = 0x4_8000


def prepared(name: str = V6_12, ept: bool = True, cr4: int = CR4_PAE | CR4_VMXE, **fields: int) -> Machine:
    """L1 with a current VMCS for an L2 outside IA-32e mode, whose tables map LA to DATA; DATA holds 9, OTHER 8."""
    m = Machine(name).given_vmx()
    m.given_l2(eptp=EPT12 if ept else None, VM_ENTRY_CONTROLS=ENTRY_LOAD_IA32_EFER, GUEST_IA32_EFER=EFER_NXE, GUEST_CR4=cr4,
               CR4_READ_SHADOW=cr4, **fields)
    m.run(f"vmclear {VMCS:#x}", f"vmptrld {VMCS:#x}")
    for page in (L2_CR3, SECOND_CR3, DATA, OTHER):
        if ept:
            m.map("ept12", page, page)
        tables.write_entry(m.kvm, m.vcpu, "L2", page, 0, None)            # the tables that given_l2() made have four levels
    m.map("L2", LA, DATA)
    m.poke(DATA, 9)
    m.poke(OTHER, 8)
    if guest_paging_of_l2(m) == PAE:
        for i in range(4):
            vmcs12.put(m.kvm, m.vcpu, F.GUEST_PDPTR0 + 2 * i, tables.read_entry(m.kvm, m.vcpu, "L2", L2_CR3 + 8 * i))
    return m


def guest_paging_of_l2(m: Machine) -> str:
    return tables.paging_of(m.kvm, m.vcpu, "L2").mode


def second_table(m: Machine, target: int) -> None:
    """A second PDPT of L2's, whose tables map LA to `target`."""
    m.map("L2", LA, target, root=SECOND_CR3)


@pytest.mark.parametrize("ept", [True, False], ids=["EPT12", "no EPT12"])
@pytest.mark.parametrize("name", KERNELS)
def test_l2_in_pae_paging_reaches_its_memory_and_comes_back(name: str, ept: bool) -> None:
    m = prepared(name, ept)
    assert guest_paging(m.kvm, m.vcpu).mode == LEVELS_4
    m.run("vmlaunch")
    assert guest_paging(m.kvm, m.vcpu).mode == PAE
    assert m.cpu.pdptes[3] & 1 and m.cpu.pdptes[:3] == (0, 0, 0)
    assert values(m.run(f"load {LA:#x}")) == [9]
    second_table(m, OTHER)
    assert values(m.run(f"mov cr3, {SECOND_CR3:#x}", f"load {LA:#x}")) == [8]
    loaded = m.cpu.pdptes
    m.run("vmcall")
    assert guest_paging(m.kvm, m.vcpu).mode == LEVELS_4
    if ept:
        assert m.vmread("GUEST_PDPTR3") == loaded[3]
    m.run("vmresume")
    assert m.cpu.pdptes == loaded and values(m.run(f"load {LA:#x}")) == [8]


def test_loading_pdptes_through_ept12_may_exit_and_is_reflected() -> None:
    m = prepared()
    m.run("vmlaunch")
    events = m.run("mov cr3, 0x123000")
    assert of(events, NestedExited) == [NestedExited(0, 48, 1)]
    assert m.vmread("GUEST_PHYSICAL_ADDRESS") == 0x12_3000 and m.vmread("GUEST_CR3") == L2_CR3


def test_a_pdpte_changed_in_memory_does_not_matter_until_cr3_is_loaded() -> None:
    m = prepared()
    m.run("vmlaunch")
    second_table(m, OTHER)
    new = tables.read_entry(m.kvm, m.vcpu, "L2", SECOND_CR3 + 24)
    m.set("L2", LA, new, table_level=3)
    m.run("invlpg 0xc0601000")
    assert values(m.run(f"load {LA:#x}")) == [9]
    assert [step.note for step in tables.walk(m.kvm, m.vcpu, "L2", LA)][0].endswith("(register; memory differs)")
    assert values(m.run(f"mov cr3, {L2_CR3:#x}", f"load {LA:#x}")) == [8]
    assert [step.note for step in tables.walk(m.kvm, m.vcpu, "L2", LA)][0].endswith("(register)")


@pytest.mark.parametrize("ept", [True, False], ids=["EPT12", "no EPT12"])
@pytest.mark.parametrize("register", ["cr0", "cr4"])
def test_an_emulated_write_to_cr0_or_cr4_loads_them_from_memory(register: str, ept: bool) -> None:
    m = prepared(ept=ept)
    m.run("vmlaunch")
    second_table(m, OTHER)
    m.set("L2", LA, tables.read_entry(m.kvm, m.vcpu, "L2", SECOND_CR3 + 24), table_level=3)
    value = m.cpu.cr0 | CR0_CD if register == "cr0" else CR4_PAE | CR4_VMXE | 1 << 4
    assert exits(m.run(f"mov {register}, {value:#x}")) == [28]
    assert values(m.run(f"load {LA:#x}")) == [8]
    m.set("L2", LA, 0x5003, table_level=3)                                # a reserved bit
    before = m.cpu.pdptes
    m.run(f"mov {register}, {value ^ (CR0_CD if register == 'cr0' else 1 << 4):#x}")
    assert m.cpu.pdptes == before and getattr(m.vcpu, register) & (CR0_CD if register == "cr0" else 1 << 4)


@pytest.mark.parametrize(("name", "read"), [("v4.15", False), ("d42e3fae6fae^", False), ("d42e3fae6fae", True), ("v6.12", True)])
def test_cr0_cd_loads_them_since_v5_9(name: str, read: bool) -> None:
    m = prepared(name)
    m.run("vmlaunch")
    second_table(m, OTHER)
    before = vmx_cache_pdptrs(m.kvm, m.vcpu)
    m.set("L2", LA, tables.read_entry(m.kvm, m.vcpu, "L2", SECOND_CR3 + 24), table_level=3)
    m.run(f"mov cr0, {m.cpu.cr0 | CR0_CD:#x}")
    assert (vmx_cache_pdptrs(m.kvm, m.vcpu) != before) == read


@pytest.mark.parametrize(("name", "lost"), [("v5.10", True), ("2c5653caecc4^", True), ("2c5653caecc4", False), ("v6.12", False)])
def test_what_no_root_load_has_written_is_lost_at_the_next_exit(name: str, lost: bool) -> None:
    """I-16: the PDPTEs that CR0.CD made KVM read; vmcs12 gets the old ones back."""
    m = prepared(name)
    m.run("vmlaunch")
    before = vmx_cache_pdptrs(m.kvm, m.vcpu)
    second_table(m, OTHER)
    m.set("L2", LA, tables.read_entry(m.kvm, m.vcpu, "L2", SECOND_CR3 + 24), table_level=3)
    m.run(f"mov cr0, {m.cpu.cr0 | CR0_CD:#x}", "vmcall")
    saved = tuple(vmcs12.get(m.kvm, m.vcpu, F.GUEST_PDPTR0 + 2 * i) for i in range(4))
    assert not m.vcpu.pdptrs_dirty and (saved == before) == lost


def test_a_write_that_does_not_exit_loads_them_in_the_processor() -> None:
    m = prepared()
    m.run("vmlaunch")
    second_table(m, OTHER)
    m.set("L2", LA, tables.read_entry(m.kvm, m.vcpu, "L2", SECOND_CR3 + 24), table_level=3)
    assert 28 not in exits(m.run(f"mov cr4, {CR4_PAE | CR4_PGE | CR4_VMXE:#x}"))
    assert values(m.run(f"load {LA:#x}")) == [8]


def test_bad_pdptes_of_vmcs12_fail_the_entry_with_qualification_2() -> None:
    m = prepared()
    m.run("vmwrite GUEST_PDPTR1, 3", "vmlaunch")
    assert (m.vmread("VM_EXIT_REASON"), m.vmread("EXIT_QUALIFICATION")) == (33 | 1 << 31, 2)


def test_bad_pdptes_in_memory_do_so_without_ept12() -> None:
    m = prepared(ept=False)
    m.poke(L2_CR3 + 8, 3)
    m.run("vmlaunch")
    assert (m.vmread("VM_EXIT_REASON"), m.vmread("EXIT_QUALIFICATION")) == (33 | 1 << 31, 2)


@pytest.mark.parametrize("name", KERNELS)
def test_l2_in_32_bit_paging(name: str) -> None:
    m = prepared(name, cr4=CR4_VMXE | 1 << 4)
    m.run("vmlaunch")
    assert guest_paging(m.kvm, m.vcpu).mode == BITS_32
    assert values(m.run(f"load {LA:#x}")) == [9]
    m.map("L2", 0x80_0000, 0x40_0000, size=0x40_0000)
    for gpa in (0x40_0000, 0x60_0000):
        m.map("ept12", gpa, DATA)
    assert values(m.run("load 0x800000", "load 0xa00000")) == [9, 9]
    assert {entry.span for key, entry in m.kvm.hw.tlb[0].items() if key.kind == COMBINED and key.page >> 22 == 2} == {0x40_0000}
    m.run("invlpg 0xbff000")
    assert not [key for key, _ in m.kvm.hw.tlb[0].items() if key.kind == COMBINED and key.page >> 22 == 2]


WIDE = 1 << 48                            # canonical with 57 bits only
LA57 = Caps(la57=True)


@pytest.mark.parametrize(("name", "wide"), [("9245fd6b8531", True), (V6_12, False), ("v4.15", False), ("v4.4", False)])
def test_what_is_canonical_while_57_bits_are_not_in_use(name: str, wide: bool) -> None:
    """INVVPID of one address by L1, and a field of vmcs12; L1 has 4 levels on a processor that could have 5."""
    m = Machine(name, LA57).given_vmx().given_l2(HOST_FS_BASE=WIDE)
    assert linear_bits(m.kvm, m.vcpu) == (57 if wide else 48)
    m.enter()
    assert m.vcpu.guest_mode == wide
    if wide:
        m.run("vmcall")
    m.run(f"invvpid individual-address 1, {WIDE:#x}")
    assert m.flags() == ("VMsucceed" if wide or name == "v4.4" else "VMfailValid")       # v4.4 knows no INVVPID of one address


@pytest.mark.parametrize(("name", "offered"), [("v4.4", False), ("fd8cb433734e^", False), ("fd8cb433734e", True), (V6_12, True)])
def test_five_levels_at_a_vm_exit_since_v4_14(name: str, offered: bool) -> None:
    pml5 = 0x9000
    m = Machine(name, LA57).given_vmx().given_l2(HOST_CR4=CR4_PAE | CR4_PGE | CR4_VMXE | CR4_LA57, HOST_CR3=pml5)
    m.poke(pml5, 0x1007)
    m.poke(L1_PAGE, 0x77)
    m.enter()
    assert m.vcpu.guest_mode == offered
    if offered:
        m.run("vmcall")
        assert guest_paging(m.kvm, m.vcpu).mode == LEVELS_5
        assert values(m.run(f"load {L1_PAGE:#x}")) == [0x77]
        assert linear_bits(m.kvm, m.vcpu) == 57
