"""The machine before step 1."""

from __future__ import annotations

import pytest

from casework import RUNNER, case
from kvmdbg.errors import Unsupported
from kvmdbg.machine.actions import waits
from kvmdbg.machine.hw import ept
from kvmdbg.machine.hw.controls import AR_DB, AR_L, CR4_PCIDE, SEC_ENABLE_EPT, SEC_ENABLE_VPID
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest
from kvmdbg.machine.kvm.nested_checks import nested_caps
from kvmdbg.machine.kvm.state import INVALID_GPA
from kvmdbg.session.cases import binding, given
from kvmdbg.session.cases.base import Base, bit_of, eptp_of, prepare, uses_ept
from kvmdbg.session.cases.setup import Plan


def base(facts: dict[str, object], step: str = "L1: nop") -> Base:
    return prepare(given.read(case(step, given=facts), {}))


def test_l1_is_in_vmx_operation_with_a_clear_current_vmcs() -> None:
    player = base({}).player
    vcpu = player.vcpu
    assert waits(player.kvm, 0) and vcpu.vmxon and not vcpu.guest_mode
    assert (vcpu.vmxon_ptr, vcpu.current_vmptr) == (binding.VMXON_REGION, binding.VMCS_A)
    assert vmcs12.get(player.kvm, vcpu, vmcs12.LAUNCH_STATE) == 0
    assert (vcpu.vpid, vcpu.vpid02) == (1, 2)
    assert player.lines[0] == "kernel v6.12" and "continue" in player.lines


def test_a_case_that_executes_vmxon_starts_outside() -> None:
    assert not base({}, "L1: vmxon").player.vcpu.vmxon


def test_vmcs12_says_what_was_given() -> None:
    made = base({"vmcs12": {"enable_vpid": True, "vpid": 7, "enable_ept": True}})
    secondary = vmcs12.get(made.player.kvm, made.player.vcpu, F.SECONDARY_VM_EXEC_CONTROL)
    assert secondary == SEC_ENABLE_VPID | SEC_ENABLE_EPT
    assert vmcs12.get(made.player.kvm, made.player.vcpu, F.VIRTUAL_PROCESSOR_ID) == 7
    assert vmcs12.get(made.player.kvm, made.player.vcpu, F.EPT_POINTER) == eptp_of(made.setup) == binding.EPT_ROOT | 0x1E
    assert uses_ept(made.setup) and not uses_ept(base({}).setup)


def test_registers_are_changed_by_l1_itself() -> None:
    player = base({"l1": "CR4.PCIDE=1, CR3 has PCID 1; HOST_CR3/HOST_CR4 hold the same"}).player
    cpu = player.kvm.cpu(player.vcpu)
    assert cpu.cr4 & CR4_PCIDE and cpu.cr3 & 0xFFF == 1
    assert vmcs12.get(player.kvm, player.vcpu, F.HOST_CR4) & CR4_PCIDE
    assert vmcs12.get(player.kvm, player.vcpu, F.HOST_CR3) & 0xFFF == 1


def test_a_processor_without_vpid_hides_it_from_l1() -> None:
    made = base({"caps": {"vpid": False, "invvpid": False, "invvpid_types": []}})
    assert not made.player.kvm.config.enable_vpid and made.player.vcpu.vpid == 0
    assert "machine enable_vpid=0 vpid=0 l1.invvpid_types=" in made.player.lines


def test_what_no_word_can_set_is_part_of_the_machine() -> None:
    more = base({"caps": {"mbec": True}}).player
    assert nested_caps(more.kvm).mode_based_execute
    assert base({"l0": {"vpid02": 0}}).player.vcpu.vpid02 == 0
    rights = base({"mode": "32-bit code segment under long mode"}).player
    assert rights.kvm.cpu(rights.vcpu).descriptors.cs.ar & (AR_L | AR_DB) == AR_DB
    for player in (more, rights):
        assert any(line.startswith("# before #0:") for line in player.lines)


def test_what_user_space_keeps_from_l1_is_a_word_about_the_machine() -> None:
    limited = base({"caps": {"invvpid_types": [1, 2]}}).player
    assert nested_caps(limited.kvm).invvpid_types == (1, 2)
    assert "machine l1.invvpid_types=1,2" in limited.lines


def test_vpids_can_be_exhausted_on_the_kernel_that_allocates_at_creation() -> None:
    plan = Plan("v4.4")
    plan.spare_vpids = False
    vcpu = prepare(plan.setup()).player.vcpu
    assert (vcpu.vpid, vcpu.vpid02) == (1, 0)


def test_without_a_current_vmcs_or_an_operand_page() -> None:
    player = base({"mode": "no current VMCS", "memory operand": "unmapped"}).player
    assert player.vcpu.vmxon and player.vcpu.current_vmptr == INVALID_GPA
    assert not any(line.startswith("map L1") for line in player.lines)


def test_the_vpid_of_l1_is_the_one_that_was_given() -> None:
    assert base({"l0": {"enable_vpid": False, "vpid01": 0}}).player.vcpu.vpid == 0
    with pytest.raises(Unsupported, match="^vpid01 0: this machine gives L1 VPID 1$"):
        base({"l0": {"vpid01": 0}})


def test_an_unknown_kernel_is_unsupported() -> None:
    with pytest.raises(Unsupported, match="^v5.4: this kernel is not modelled yet$"):
        prepare(Plan("v5.4").setup())


def test_bits_by_name() -> None:
    assert bit_of("cr4", "PCIDE") == CR4_PCIDE
    with pytest.raises(Unsupported, match="^CR0.FROB: no bit of the model$"):
        bit_of("cr0", "FROB")


def test_the_runner_boots_a_setup_once() -> None:
    setup = Plan("v6.12").setup()
    assert RUNNER.base(setup) is RUNNER.base(setup)


def test_eptps_that_vm_entry_would_refuse_can_be_listed() -> None:
    entries_of = "page with entries [A, BADWALK, B|AD, BADBITS, BADWIDTH]"
    player = base({"vmcs12": {"enable_ept": True, "eptp_list": entries_of}}).player
    entries = [kvm_read_guest(player.kvm, binding.EPTP_LIST + 8 * i) or 0 for i in range(5)]
    assert [bool(ept.eptp_valid(entry, Caps())) for entry in entries] == [False, True, False, True, True]


def test_a_vmcs_that_has_been_launched() -> None:
    player = base({"vmcs": "already launched, guest RFLAGS bit 1 is 0"}).player
    assert vmcs12.get(player.kvm, player.vcpu, vmcs12.LAUNCH_STATE) == 1 and not player.vcpu.guest_mode
    assert vmcs12.get(player.kvm, player.vcpu, F.GUEST_RFLAGS) == 0


def test_l2_has_l1s_osxsave() -> None:
    player = base({"cr4": {"OSXSAVE": 1}}).player
    assert all(vmcs12.get(player.kvm, player.vcpu, field) >> 18 & 1 for field in (F.GUEST_CR4, F.CR4_READ_SHADOW, F.HOST_CR4))
