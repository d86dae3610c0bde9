"""A VMCS12 region prepared ahead of time."""

from __future__ import annotations

from typing import Any

import pytest

from kvm_support import EPT12, KERNELS, V4_3, V4_4, V6_12, VMCS, Machine, results
from kvmdbg.errors import UserError
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12, vmcs12_template


def prepared(name: str = V6_12, values: dict[int, int] | None = None, **config: Any) -> Machine:
    m = Machine(name, **config).given_vmx()
    vmcs12_template.prepare(m.kvm, m.vcpu, VMCS, values or {})
    return m


@pytest.mark.parametrize("name", KERNELS)
def test_the_defaults_make_an_l2_that_runs(name: str) -> None:
    m = prepared(name)
    assert results(m.enter()) == []
    assert (m.vcpu.guest_mode, m.cpu.rip, m.cpu.cr3) == (True, vmcs12_template.L2_RIP, 0x1000)
    m.run("vmcall")
    assert m.cpu.rip == vmcs12_template.L1_EXIT_RIP


def test_l1_goes_on_with_its_present_cr3() -> None:
    m = Machine().given_vmx()
    m.run("mov cr3, 0x7000")
    vmcs12_template.prepare(m.kvm, m.vcpu, VMCS, {})
    assert vmcs12.read_guest(m.kvm, VMCS, F.HOST_CR3) == 0x7000


@pytest.mark.parametrize(("name", "values", "secondary", "eptp"), [
    (V6_12, {}, 0, 0), (V6_12, {F.VIRTUAL_PROCESSOR_ID: 1}, 0x20, 0), (V6_12, {F.EPT_POINTER: EPT12}, 2, EPT12 | 0x1E),
    (V6_12, {F.EPT_POINTER: EPT12 | 0x5E, F.VIRTUAL_PROCESSOR_ID: 1}, 0x22, EPT12 | 0x5E),
    (V6_12, {F.EPT_POINTER: EPT12 | 3}, 2, EPT12 | 3), (V4_4, {F.VIRTUAL_PROCESSOR_ID: 1}, 0x20, 0),
    (V4_3, {F.VIRTUAL_PROCESSOR_ID: 1}, 0, 0), (V4_3, {F.VIRTUAL_PROCESSOR_ID: 1, F.SECONDARY_VM_EXEC_CONTROL: 0x20}, 0x20, 0)])
def test_a_vpid_and_an_eptp_ask_for_their_controls(name: str, values: dict[int, int], secondary: int, eptp: int) -> None:
    m = prepared(name, values)
    found = [vmcs12.read_guest(m.kvm, VMCS, field) for field in (F.SECONDARY_VM_EXEC_CONTROL, F.EPT_POINTER)]
    assert found == [secondary, eptp]


@pytest.mark.parametrize(("name", "secondary"), [(V6_12, 0), (V4_4, 0x20)])
def test_with_enable_vpid_0_l1_asks_for_what_it_is_offered(name: str, secondary: int) -> None:
    m = prepared(name, {F.VIRTUAL_PROCESSOR_ID: 1}, enable_vpid=False)
    assert vmcs12.read_guest(m.kvm, VMCS, F.SECONDARY_VM_EXEC_CONTROL) == secondary


def test_preparing_again_leaves_nothing_of_before() -> None:
    m = prepared(values={F.GUEST_GDTR_BASE: 0x1234})
    vmcs12.write_guest(m.kvm, VMCS, vmcs12.LAUNCH_STATE, 1)
    vmcs12_template.prepare(m.kvm, m.vcpu, VMCS, {})
    assert [vmcs12.read_guest(m.kvm, VMCS, member) for member in (F.GUEST_GDTR_BASE, vmcs12.LAUNCH_STATE)] == [0, 0]


@pytest.mark.parametrize(("gpa", "values", "words"), [
    (0x5008, {}, "no address for a VMCS"), (0x4000_0000, {}, "no address for a VMCS"),
    (VMCS, {F.CR3_TARGET_VALUE0: 1}, "vmcs12 has no field CR3_TARGET_VALUE0"), (VMCS, {0x7FFE: 1}, "vmcs12 has no field 0x7ffe")])
def test_what_cannot_be_is_refused(gpa: int, values: dict[int, int], words: str) -> None:
    m = Machine()
    with pytest.raises(UserError, match=words):
        vmcs12_template.prepare(m.kvm, m.vcpu, gpa, values)
    assert m.kvm.tape.end == 0


def test_the_current_vmcs_is_left_to_vmwrite() -> None:
    m = prepared()
    m.run(f"vmptrld {VMCS:#x}")
    with pytest.raises(UserError, match="is current") as refusal:
        vmcs12_template.prepare(m.kvm, m.vcpu, VMCS, {})
    assert "vmwrite" in refusal.value.hint


def test_current_reads_every_field() -> None:
    m = prepared(values={F.GUEST_CR3: 0x7000})
    with pytest.raises(UserError, match="no current VMCS"):
        vmcs12_template.current(m.kvm, m.vcpu)
    m.run(f"vmptrld {VMCS:#x}")
    fields = vmcs12_template.current(m.kvm, m.vcpu)
    assert (fields[F.GUEST_CR3], len(fields)) == (0x7000, len(vmcs12.MEMBERS))
