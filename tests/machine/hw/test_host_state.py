"""Host state: what a VM exit loads."""

from __future__ import annotations

import pytest

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import host_state
from kvmdbg.machine.hw.access import cpl
from kvmdbg.machine.hw.controls import (
    AR_UNUSABLE,
    CR4_PAE,
    CR4_PCIDE,
    CR4_VMXE,
    EFER_NXE,
    EXIT_LOAD_IA32_EFER,
    EXIT_LOAD_IA32_PAT,
)
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.memory import write64
from kvmdbg.machine.hw.modes import long_mode
from kvmdbg.machine.hw.state import VMX_ROOT, Segment
from support import enter_non_root
from vmx import GOOD, HOST_RIP, LONG_EFER, reader, with_vmcs


def test_the_host_runs_in_root_operation_with_vpid_0_and_no_ept() -> None:
    hw, cpu = with_vmcs()
    enter_non_root(cpu, vpid=5, eptp=0x7_001E)
    cpu.rflags, cpu.blocking, cpu.activity, cpu.debugctl = 0x246, 8, 1, 1
    host_state.load(hw, cpu, reader(hw, cpu))
    assert (cpu.vmx, cpu.vpid, cpu.eptp) == (VMX_ROOT, 0, 0)
    assert (cpu.rip, cpu.rsp, cpu.cr3, cpu.efer) == (HOST_RIP, 0x8000, 0x1000, LONG_EFER)
    assert (cpu.rflags, cpu.blocking, cpu.activity, cpu.debugctl, cpu.dr7) == (2, 0, 0, 0, 0x400)
    assert long_mode(cpu) and cpl(cpu) == 0


def test_segments_are_flat_and_a_zero_selector_is_unusable() -> None:
    hw, cpu = with_vmcs({F.HOST_GS_BASE: 0x1234, F.HOST_GS_SELECTOR: 8, F.HOST_TR_BASE: 0x9000, F.HOST_IDTR_BASE: 0x66})
    host_state.load(hw, cpu, reader(hw, cpu))
    assert cpu.descriptors.cs == Segment(0x10, 0, 0xFFFF_FFFF, 0xA09B)
    assert cpu.descriptors.gs == Segment(8, 0x1234, 0xFFFF_FFFF, 0xC093)
    assert cpu.descriptors.ds.ar & AR_UNUSABLE
    assert cpu.descriptors.tr == Segment(0x40, 0x9000, 0x67, 0x8B)
    assert (cpu.descriptors.idtr_base, cpu.descriptors.idtr_limit) == (0x66, 0xFFFF)


def test_efer_without_its_load_control_follows_the_address_space_size() -> None:
    hw, cpu = with_vmcs({F.VM_EXIT_CONTROLS: GOOD[F.VM_EXIT_CONTROLS] & ~EXIT_LOAD_IA32_EFER})
    cpu.efer = EFER_NXE
    host_state.load(hw, cpu, reader(hw, cpu))
    assert cpu.efer == LONG_EFER


def test_a_32_bit_host_leaves_ia32e_mode_and_pcids() -> None:
    hw, cpu = with_vmcs({F.VM_EXIT_CONTROLS: 0, F.HOST_CR4: CR4_PCIDE | CR4_VMXE})
    host_state.load(hw, cpu, reader(hw, cpu))
    assert (cpu.efer, cpu.cr4) == (EFER_NXE, CR4_VMXE)
    assert not long_mode(cpu)


def test_pat_has_a_load_control_and_64_bit_hosts_have_pae() -> None:
    hw, cpu = with_vmcs({F.VM_EXIT_CONTROLS: GOOD[F.VM_EXIT_CONTROLS] | EXIT_LOAD_IA32_PAT, F.HOST_IA32_PAT: 6,
                         F.HOST_CR4: CR4_VMXE})
    host_state.load(hw, cpu, reader(hw, cpu))
    assert (cpu.pat, cpu.cr4) == (6, CR4_VMXE | CR4_PAE)


def test_a_pae_host_gets_its_pdptes_from_memory_or_vmx_operation_aborts() -> None:
    hw, cpu = with_vmcs({F.VM_EXIT_CONTROLS: 0, F.HOST_CR4: CR4_PAE | CR4_VMXE, F.HOST_CR3: 0x6020})
    write64(hw, 0x6038, 0x9001)
    host_state.load(hw, cpu, reader(hw, cpu))
    assert cpu.pdptes == (0, 0, 0, 0x9001)
    write64(hw, 0x6038, 0x9003)
    with pytest.raises(Unsupported, match="VMX abort 2: the host's PDPTEs at 0x6020 must not set the reserved bits 0x2 of PDPTE3"):
        host_state.load(hw, cpu, reader(hw, cpu))
