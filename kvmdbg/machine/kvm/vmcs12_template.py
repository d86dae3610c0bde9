"""A VMCS12 region prepared ahead of time, as a hypervisor's VMWRITEs would leave it: for scripts, lessons and cases."""

from __future__ import annotations

from kvmdbg.errors import UserError
from kvmdbg.machine.hw import ept
from kvmdbg.machine.hw.capabilities import required_controls
from kvmdbg.machine.hw.controls import (
    CPU_HLT_EXITING,
    CPU_SECONDARY_CONTROLS,
    CR4_PAE,
    CR4_PGE,
    CR4_VMXE,
    ENTRY_IA32E_MODE,
    ENTRY_LOAD_IA32_EFER,
    EXIT_HOST_ADDR_SPACE_SIZE,
    EXIT_LOAD_IA32_EFER,
    EXIT_SAVE_IA32_EFER,
    PIN_EXTERNAL_INTERRUPT_EXITING,
    RFLAGS_RESERVED1,
    SEC_ENABLE_EPT,
    SEC_ENABLE_VPID,
)
from kvmdbg.machine.hw.fields import FIELDS, F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.guest_memory import kvm_write_guest
from kvmdbg.machine.kvm.nested_checks import nested_caps
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.tables import cr3_of, need_vmcs12
from kvmdbg.machine.kvm.vmx import BOOT_CR0, BOOT_EFER, KERNEL_CS, KERNEL_DS, KERNEL_TR, flat_segments

L2_RIP = 0x20_0000
L1_EXIT_RIP = 0x11_0000
ALL_ONES = 0xFFFF_FFFF_FFFF_FFFF


def defaults(kvm: Kvm, vcpu: Vcpu) -> dict[int, int]:
    """A 64-bit L2 that exits on HLT and VMX instructions; L1 goes on with its present CR3."""
    cr4 = CR4_PAE | CR4_PGE | CR4_VMXE
    return {
        F.PIN_BASED_VM_EXEC_CONTROL: PIN_EXTERNAL_INTERRUPT_EXITING,
        F.CPU_BASED_VM_EXEC_CONTROL: CPU_HLT_EXITING | CPU_SECONDARY_CONTROLS,
        F.VM_EXIT_CONTROLS: EXIT_HOST_ADDR_SPACE_SIZE | EXIT_SAVE_IA32_EFER | EXIT_LOAD_IA32_EFER,
        F.VM_ENTRY_CONTROLS: ENTRY_IA32E_MODE | ENTRY_LOAD_IA32_EFER,
        F.VMCS_LINK_POINTER: ALL_ONES,
        F.HOST_CR0: BOOT_CR0, F.HOST_CR3: cr3_of(kvm, vcpu, "L1") if not vcpu.guest_mode else 0x1000, F.HOST_CR4: cr4,
        F.HOST_IA32_EFER: BOOT_EFER, F.HOST_RIP: L1_EXIT_RIP, F.HOST_CS_SELECTOR: KERNEL_CS, F.HOST_SS_SELECTOR: KERNEL_DS,
        F.HOST_DS_SELECTOR: KERNEL_DS, F.HOST_ES_SELECTOR: KERNEL_DS, F.HOST_TR_SELECTOR: KERNEL_TR,
        F.GUEST_CR0: BOOT_CR0, F.CR0_READ_SHADOW: BOOT_CR0, F.GUEST_CR3: 0x1000, F.GUEST_CR4: cr4, F.CR4_READ_SHADOW: cr4,
        F.GUEST_IA32_EFER: BOOT_EFER, F.GUEST_RIP: L2_RIP, F.GUEST_RSP: 0x9_0000, F.GUEST_RFLAGS: RFLAGS_RESERVED1,
        F.GUEST_DR7: 0x400, **flat_segments(),
    }


def wishes(kvm: Kvm, values: dict[int, int]) -> dict[int, int]:
    """A VPID and an EPT pointer ask for their controls, as far as L1's processor offers them.

    An L1 that reads its capability MSRs uses VPID where there is one: on v4.3 there is none, and it goes without.
    """
    secondary = 0
    wanted = dict(values)
    if F.VIRTUAL_PROCESSOR_ID in values and kvm.era.offers_vpid_to_l1(kvm.config.enable_vpid):
        secondary |= SEC_ENABLE_VPID
    if F.EPT_POINTER in values:
        secondary |= SEC_ENABLE_EPT
        eptp = values[F.EPT_POINTER]
        if not eptp & 0xFFF:
            wanted[F.EPT_POINTER] = eptp | ept.MEMTYPE_WB | ept.EPTP_WALK_LENGTH_4
    return {F.SECONDARY_VM_EXEC_CONTROL: secondary} | wanted


def adjusted(kvm: Kvm, values: dict[int, int]) -> dict[int, int]:
    """The controls that L1's processor demands to be 1 are set, as an L1 that reads its capability MSRs does."""
    required = required_controls(nested_caps(kvm))
    return {encoding: value | required.get(encoding, 0) for encoding, value in values.items()}


def prepare(kvm: Kvm, vcpu: Vcpu, gpa: int, values: dict[int, int]) -> None:
    """Fill the region at L1 guest-physical address gpa; `values` by encoding go over the defaults.

    VIRTUAL_PROCESSOR_ID enables VPID if L1 is offered it, EPT_POINTER enables EPT; a table address as EPT_POINTER gets
    write-back and four levels.  SECONDARY_VM_EXEC_CONTROL, given, is taken as it is; the other controls get the bits that must
    be 1 for L1.
    raises: UserError for the current VMCS, an address that is none, a field that vmcs12 lacks.
    """
    if gpa & 0xFFF or gpa >= kvm.config.memory:
        raise UserError(f"{gpa:#x} is no address for a VMCS", f"Use a multiple of 0x1000 below {kvm.config.memory:#x}.")
    if gpa == vcpu.current_vmptr:
        raise UserError(f"the VMCS at {gpa:#x} is current: KVM has it in its cache", "Use `inject vmwrite FIELD, VALUE`.")
    lacking = [encoding for encoding in values if vmcs12.member(encoding) is None]
    if lacking:
        raise UserError(f"vmcs12 has no field {FIELDS[lacking[0]].name if lacking[0] in FIELDS else hex(lacking[0])}")
    kvm.tape.bottom = prepare.__code__
    for offset in range(0, 0x400, 8):
        kvm_write_guest(kvm, gpa + offset, 0)
    vmcs12.write_guest(kvm, gpa, vmcs12.REVISION, vmcs12.VMCS12_REVISION)
    for encoding, value in adjusted(kvm, defaults(kvm, vcpu) | wishes(kvm, values)).items():
        vmcs12.write_guest(kvm, gpa, encoding, value)


def current(kvm: Kvm, vcpu: Vcpu) -> dict[int, int]:
    """Every field of the current vmcs12.  raises: UserError when there is none."""
    need_vmcs12(vcpu)
    return {field.encoding: vmcs12.get(kvm, vcpu, field.encoding) for field in vmcs12.MEMBERS}
