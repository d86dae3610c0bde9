"""Port I/O of L1 and L2, by KVM."""

from __future__ import annotations

import pytest

from kvm_support import DATA, KERNELS, L1_PAGE, L2_PAGE, V6_12, Machine, exceptions, of
from kvmdbg.machine.hw.controls import CPU_SECONDARY_CONTROLS, CPU_UNCOND_IO_EXITING, CPU_USE_IO_BITMAPS
from kvmdbg.machine.kvm import tables
from kvmdbg.machine.kvm.events import NestedExited, PortAccessed

UNMAPPED = 0x123_0000
FIXED = "96b067b59ad9"


def port_accesses(events: list[object]) -> list[tuple[str, int, int, int]]:
    return [(event.direction, event.port, event.size, event.value) for event in of(events, PortAccessed)]


@pytest.mark.parametrize("name", KERNELS)
def test_in_and_out_go_to_user_space(name: str) -> None:
    m = Machine(name).given_vmx()
    assert port_accesses(m.run("in 0x71", "out 0x80, 0x1234, 2")) == [("in", 0x71, 1, 0xFF), ("out", 0x80, 2, 0x1234)]
    assert m.cpu.rax & 0xFF == 0xFF
    assert m.stat("io_exits") == 2 and not m.stat("insn_emulation")


@pytest.mark.parametrize("enable_ept", [True, False])
def test_string_instructions_reach_memory_through_the_guests_tables(enable_ept: bool) -> None:
    m = Machine(enable_ept=enable_ept).given_vmx()
    m.run(f"store {L1_PAGE:#x}, 0x1122334455667788")
    assert port_accesses(m.run(f"outs 0x80, {L1_PAGE + 2:#x}, 2")) == [("out", 0x80, 2, 0x5566)]
    m.run(f"ins 0x80, {L1_PAGE + 2:#x}", f"load {L1_PAGE:#x}")
    assert m.cpu.rax == 0x1122_3344_55FF_7788
    assert m.stat("io_exits") == m.stat("insn_emulation") == 2


def test_a_page_fault_comes_before_the_port_is_written_and_behind_its_reading() -> None:
    m = Machine().given_vmx()
    events = m.run(f"outs 0x80, {UNMAPPED:#x}")
    assert exceptions(events) == [("#PF", UNMAPPED)] and not port_accesses(events)
    events = m.run(f"ins 0x80, {UNMAPPED:#x}")
    assert exceptions(events) == [("#PF", UNMAPPED)] and len(port_accesses(events)) == 1


@pytest.mark.parametrize(("name", "text", "page", "flags", "qualification"), [
    (FIXED, "outs", DATA, "", 0x181), (FIXED, "outs", 0, "", 0x83), (FIXED, "ins", DATA, "rx", 0x1AA),
    (FIXED, "outs", 0, "rx", 0xAB),
    (V6_12, "outs", DATA, "", 0x1), (V6_12, "outs", 0, "", 0x3), (V6_12, "ins", DATA, "rx", 0x2B), (V6_12, "outs", 0, "rx", 0x2B),
    ("v5.16", "outs", DATA, "", 0x181), ("v5.16", "outs", 0, "", 0x183), ("v4.15", "outs", DATA, "", 0x182)])
def test_what_ept12_forbids_goes_to_l1(name: str, text: str, page: int, flags: str, qualification: int) -> None:
    """page: 0 stands for the page of the PTE.  On old kernels the last real EPT violation shows through: a write to DATA."""
    m = Machine(name).start()
    m.run(f"store {L2_PAGE:#x}, 1")
    target = page or tables.entry_of(m.kvm, m.vcpu, "L2", L2_PAGE)[0] & ~0xFFF
    m.set("ept12", target, 0 if not flags else m.entry("ept12", target) & ~2)
    m.run(f"{text} 0x80, {L2_PAGE:#x}")
    assert not m.vcpu.guest_mode
    assert [m.vmread(field) for field in ("VM_EXIT_REASON", "EXIT_QUALIFICATION", "GUEST_PHYSICAL_ADDRESS")] == [
        48, qualification, target if page else target | L2_PAGE >> 9 & 0xFF8]


@pytest.mark.parametrize(("controls", "bit", "l1"), [
    (0, 0, False), (CPU_UNCOND_IO_EXITING, 0, True), (CPU_USE_IO_BITMAPS | CPU_UNCOND_IO_EXITING, 0, False),
    (CPU_USE_IO_BITMAPS, 1, True)])
def test_l1_gets_what_it_asks_for(controls: int, bit: int, l1: bool) -> None:
    m = Machine().given_vmx().given_l2(CPU_BASED_VM_EXEC_CONTROL=CPU_SECONDARY_CONTROLS | controls, IO_BITMAP_A=0xA000,
                                       IO_BITMAP_B=0xB000)
    m.poke(0xA010, bit)
    m.enter()
    events = m.run("out 0x80, 7")
    assert [event.reason for event in of(events, NestedExited)] == [30] * l1
    assert bool(of(events, PortAccessed)) is not l1


def test_at_cpl_3_the_emulator_has_no_more_rights_than_the_guest() -> None:
    m = Machine().given_vmx()
    m.map("L1", L1_PAGE + 0x1000, L1_PAGE + 0x1000, flags="rwx")
    cpu = m.cpu
    m.cpu.rflags |= 3 << 12
    cpu.descriptors = cpu.descriptors._replace(cs=cpu.descriptors.cs._replace(selector=0x13, ar=cpu.descriptors.cs.ar | 3 << 5),
                                               ss=cpu.descriptors.ss._replace(selector=0x1B, ar=cpu.descriptors.ss.ar | 3 << 5))
    assert exceptions(m.run(f"outs 0x80, {L1_PAGE + 0x1000:#x}")) == [("#PF", L1_PAGE + 0x1000)]
    assert exceptions(m.run(f"outs 0x80, {L1_PAGE:#x}")) == []


@pytest.mark.parametrize("insn", ["outs", "ins"])
def test_memory_that_is_none_is_a_devices(insn: str) -> None:
    m = Machine().given_vmx()
    m.map("L1", UNMAPPED, 0x6000_0000)
    m.run(f"{insn} 0x80, {UNMAPPED:#x}")
    assert m.vcpu.exit_to_user == "KVM_EXIT_MMIO (no memory at 0x60000000)"
