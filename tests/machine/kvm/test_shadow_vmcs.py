"""L0's own shadow VMCS for L1: what L1 reads and writes without an exit, and when vmcs12 and it are brought up to each other."""

from __future__ import annotations

import pytest

from kvm_support import OTHER_VMCS, V6_12, VMCS, Machine, exits, pointed, results
from kvmdbg.errors import Unsupported, UserError
from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.controls import SEC_SHADOW_VMCS
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.shadow_vmcs import READ_ONLY, READ_WRITE, init_vmcs_shadow_fields, shadowed
from kvmdbg.machine.kvm.state import INVALID_GPA, INVALID_PAGE, VMREAD_BITMAP_PAGE, VMWRITE_BITMAP_PAGE


def shadowed_l1(name: str = V6_12) -> Machine:
    return pointed(name, enable_shadow_vmcs=True)


def bit(m: Machine, page: int, encoding: int) -> int:
    return m.kvm.hw.memory[page + encoding // 64 * 8] >> encoding % 64 & 1


@pytest.mark.parametrize("name", ["v5.7", "v5.14", V6_12])
@pytest.mark.parametrize(("insn", "reasons"), [
    ("vmread GUEST_RIP", []), ("vmwrite GUEST_RIP, 0x1234", []), ("vmread VM_EXIT_REASON", []), ("vmwrite VM_EXIT_REASON, 1", [25]),
    ("vmread GUEST_CS_AR_BYTES", []), ("vmwrite GUEST_CS_AR_BYTES, 0x1", [25]), ("vmread HOST_RIP", [23]),
    ("vmwrite EPT_POINTER, 0", [25]), ("vmread 0x2401", []), ("vmread 0x7ffe", [23]), ("vmread 0xffffffff", [23])])
def test_which_fields_need_an_exit(name: str, insn: str, reasons: list[int]) -> None:
    assert exits(shadowed_l1(name).run(insn)) == reasons


def test_without_it_each_is_an_exit() -> None:
    assert exits(pointed().run("vmread GUEST_RIP", "vmwrite GUEST_RIP, 1")) == [23, 25]


@pytest.mark.parametrize("field", ["GUEST_RIP", "CPU_BASED_VM_EXEC_CONTROL", "HOST_FS_BASE", "GUEST_CS_AR_BYTES", "VM_EXIT_REASON"])
def test_l1_sees_what_it_has_written(field: str) -> None:
    m = shadowed_l1()
    m.run(f"vmwrite {field}, 0x91", f"vmread {field}")
    assert m.cpu.rax == 0x91


def test_what_l1_wrote_reaches_l2_and_what_l2_left_reaches_l1() -> None:
    m = shadowed_l1()
    m.run("vmwrite GUEST_RIP, 0x345000", "vmlaunch")
    assert (m.vcpu.guest_mode, m.cpu.rip) == (True, 0x34_5000)
    m.run("vmcall")
    assert exits(m.run("vmread VM_EXIT_REASON")) == [] and m.cpu.rax == 18
    assert exits(m.run("vmread GUEST_RIP")) == [] and m.cpu.rax == 0x34_5000


def test_what_l1_wrote_is_in_memory_once_it_lets_go_of_the_vmcs() -> None:
    m = shadowed_l1()
    m.run("vmwrite GUEST_RSP, 0x77")
    assert vmcs12.get(m.kvm, m.vcpu, F.GUEST_RSP) != 0x77
    m.run(f"vmptrld {OTHER_VMCS:#x}")
    assert vmcs12.read_guest(m.kvm, VMCS, F.GUEST_RSP) == 0x77
    m.run("vmread GUEST_RSP")
    assert m.cpu.rax != 0x77
    m.run(f"vmptrld {VMCS:#x}", "vmread GUEST_RSP")
    assert m.cpu.rax == 0x77


def test_a_refused_entry_leaves_its_error_for_l1() -> None:
    m = shadowed_l1()
    assert results(m.run("vmwrite PIN_BASED_VM_EXEC_CONTROL, -1", "vmlaunch")) == ["vmlaunch 7"]
    m.run("vmread VM_INSTRUCTION_ERROR")
    assert m.cpu.rax == 7


def test_vmcs01_has_the_link_exactly_while_l1_has_a_vmcs() -> None:
    m = Machine(enable_shadow_vmcs=True)

    def links() -> tuple[bool, bool]:
        read = [vmcs.peek(m.kvm.hw, m.kvm.vmcs01(m.vcpu), field) for field in (F.SECONDARY_VM_EXEC_CONTROL, F.VMCS_LINK_POINTER)]
        return bool(read[0] & SEC_SHADOW_VMCS), read[1] != INVALID_GPA

    m.given_vmx().given_l2()
    assert links() == (False, False) and m.vcpu.shadow_vmcs in m.kvm.hw.frames
    m.run(f"vmclear {VMCS:#x}", f"vmptrld {VMCS:#x}")
    assert links() == (True, True)
    m.run(f"vmclear {VMCS:#x}")
    assert links() == (False, False)
    assert results(m.run("vmread GUEST_RIP")) == ["vmread 0"]
    m.run(f"vmptrld {VMCS:#x}", "vmxoff")
    assert links() == (False, False) and m.vcpu.shadow_vmcs == INVALID_PAGE


def test_the_bitmaps() -> None:
    m = Machine(enable_shadow_vmcs=True)
    fields = (F.GUEST_RIP, F.VM_EXIT_REASON, F.HOST_RIP, F.GUEST_PHYSICAL_ADDRESS, F.GUEST_PHYSICAL_ADDRESS + 1)
    assert [bit(m, VMREAD_BITMAP_PAGE, field) for field in fields] == [0, 0, 1, 0, 0]
    assert [bit(m, VMWRITE_BITMAP_PAGE, field) for field in fields] == [0, 1, 1, 1, 1]
    before = m.kvm.tape.freeze()
    init_vmcs_shadow_fields(m.kvm)
    assert m.kvm.tape.freeze() == before


def test_fields_that_the_processor_cannot_hold() -> None:
    assert F.GUEST_PML_INDEX not in shadowed(Caps(), READ_WRITE) and F.GUEST_INTR_STATUS not in shadowed(Caps(), READ_WRITE)
    assert F.VMX_PREEMPTION_TIMER_VALUE in shadowed(Caps(), READ_WRITE)
    assert F.VMX_PREEMPTION_TIMER_VALUE not in shadowed(Caps(preemption_timer=False), READ_WRITE)
    assert shadowed(Caps(), READ_ONLY) == READ_ONLY and not set(READ_ONLY) & set(READ_WRITE)


def test_user_space_gets_what_l1_has_written() -> None:
    m = shadowed_l1()
    m.run("vmwrite GUEST_RSP, 0x77")
    m.host("nested-state save")
    assert m.vcpu.saved_nested_state is not None and dict(m.vcpu.saved_nested_state.vmcs12)[F.GUEST_RSP] == 0x77
    m.host("nested-state restore")
    m.run("vmread GUEST_RSP")
    assert m.cpu.rax == 0x77


@pytest.mark.parametrize(("name", "caps", "config", "error"), [
    (V6_12, Caps(shadow_vmcs=False), {}, UserError), (V6_12, Caps(vmwrite_any_field=False), {}, UserError),
    (V6_12, Caps(), {"nested": False}, UserError), ("v4.15", Caps(), {}, Unsupported),
    ("v6.12 -b643780562af", Caps(), {}, Unsupported)])
def test_where_there_can_be_none(name: str, caps: Caps, config: dict[str, bool], error: type[Exception]) -> None:
    with pytest.raises(error, match="enable_shadow_vmcs=1"):
        Machine(name, caps, enable_shadow_vmcs=True, **config)
