"""Making a machine: the processor, KVM with one VM, and L1 about to run."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported, UserError
from kvmdbg.machine.hw import controls as c
from kvmdbg.machine.hw.beyond_model import Beyond
from kvmdbg.machine.hw.capability_bits import full_default1
from kvmdbg.machine.hw.controls import CR4_PAE, CR4_PGE, CR4_VMXE, RFLAGS_RESERVED1, names_of
from kvmdbg.machine.hw.delivery import DR6_RESET
from kvmdbg.machine.hw.state import NO_INSN, NO_PDPTES, NO_VMCS, VMX_ROOT, Caps, Cpu, Descriptors, Hardware, Segment
from kvmdbg.machine.hw.vmcs import VMCS_REVISION
from kvmdbg.machine.kvm.apic_access_page import APIC_DEFAULT_PHYS_BASE, APIC_GFN
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.migration import vmx_vcpu_create
from kvmdbg.machine.kvm.ops import VmxOps
from kvmdbg.machine.kvm.program import EMPTY
from kvmdbg.machine.kvm.restricted_guest import init_rmode_identity_map
from kvmdbg.machine.kvm.run import BEGIN
from kvmdbg.machine.kvm.shadow_vmcs import init_vmcs_shadow_fields
from kvmdbg.machine.kvm.state import (
    GUEST_MMU,
    INVALID_GPA,
    INVALID_PAGE,
    NO_ROLE,
    NO_ROOT,
    OUTSIDE_GUEST_MODE,
    ROOT_MMU,
    RUNNABLE,
    VMCS01,
    VMXON_BASE,
    Config,
    Kvm,
    Mmu,
    Vcpu,
)
from kvmdbg.machine.kvm.vmx import (
    AR_CODE_64,
    AR_DATA,
    AR_TSS_BUSY,
    BOOT_CR0,
    BOOT_EFER,
    HOST_CR3,
    HOST_RIP,
    KERNEL_CS,
    KERNEL_DS,
    KERNEL_TR,
    host_cr4,
)
from kvmdbg.machine.kvm.vpid import VMX_NR_VPIDS
from kvmdbg.tape import Tape

# Controls without which KVM does not load, or without which the model's KVM is not modelled (virtual NMIs, EFER, the windows).
NEEDED: Final = (
    c.PIN_EXTERNAL_INTERRUPT_EXITING | c.PIN_NMI_EXITING | c.PIN_VIRTUAL_NMIS,
    c.CPU_HLT_EXITING | c.CPU_CR3_LOAD_EXITING | c.CPU_CR3_STORE_EXITING | c.CPU_CR8_LOAD_EXITING | c.CPU_CR8_STORE_EXITING
    | c.CPU_MOV_DR_EXITING | c.CPU_UNCOND_IO_EXITING | c.CPU_TSC_OFFSETTING | c.CPU_MWAIT_EXITING | c.CPU_MONITOR_EXITING
    | c.CPU_INVLPG_EXITING | c.CPU_RDPMC_EXITING | c.CPU_INTERRUPT_WINDOW_EXITING | c.CPU_NMI_WINDOW_EXITING
    | c.CPU_SECONDARY_CONTROLS,
    c.EXIT_HOST_ADDR_SPACE_SIZE | c.EXIT_SAVE_DEBUG_CONTROLS | c.EXIT_ACK_INTR_ON_EXIT | c.EXIT_SAVE_IA32_EFER
    | c.EXIT_LOAD_IA32_EFER,
    c.ENTRY_IA32E_MODE | c.ENTRY_LOAD_DEBUG_CONTROLS | c.ENTRY_LOAD_IA32_EFER,
    0)
NAMES: Final = (c.PIN_BITS, c.CPU_BITS, c.EXIT_BITS, c.ENTRY_BITS, c.SEC_BITS)

MOST_CPUS: Final = 64         # processors of the host: a VMXON region each below VMCS01_BASE
L1_CR3: Final = 0x1000        # guest-physical: an empty PML4 table
FLAT: Final = 0xFFFF_FFFF


def boot(era: Era, config: Config = Config(), caps: Caps = Caps(), *, listening: bool = False, recording: bool = True) -> Kvm:
    """A host with one VM at position #0: the VM exists, nothing has run.

    L1 starts as a 64-bit kernel at CPL 0 that has paging on, CR4.PGE and CR4.VMXE set, and CR3 = 0x1000 with nothing
    mapped.  listening: keep the model's call stack with each tape entry.  recording: False runs bare.
    raises: Unsupported, UserError for a configuration that the model lacks or that makes no sense.
    """
    refuse(era, config, caps)
    tape = Tape(recording=False)
    kvm = assemble(tape, era, config, caps)
    tape.recording = recording
    tape.listening = listening
    return kvm


def assemble(tape: Tape, era: Era, config: Config, caps: Caps) -> Kvm:
    """The host, its processors and the VM with its vCPUs, of any number."""
    cpus = tuple(make_cpu(tape, i, caps) for i in range(config.cpus))
    hw = Hardware(tape, caps, cpus)
    vcpus = tuple(make_vcpu(tape, i) for i in range(config.vcpus))
    kvm = Kvm(tape, hw, era, VmxOps(), config, vcpus, make_mmus(tape, vcpus, ROOT_MMU), make_mmus(tape, vcpus, GUEST_MMU))
    kvm.memslots[0] = config.memory >> 12
    init_rmode_identity_map(kvm)
    if config.apic_access_page:
        kvm.memslots[APIC_GFN] = 1
    if config.enable_shadow_vmcs:
        init_vmcs_shadow_fields(kvm)
    for cpu in cpus:
        hw.memory[cpu.vmxon_pointer] = VMCS_REVISION
    for vcpu in vcpus:
        vmx_vcpu_create(kvm, vcpu)
    return kvm


def refuse(era: Era, config: Config, caps: Caps) -> None:
    """Say what is not modelled yet before anything is built on it."""
    if config.enable_ept and not caps.ept:
        raise UserError("enable_ept=1 needs a processor with EPT (vmx.c: hardware_setup())", "Use enable_ept=0.")
    if config.enable_ept and not caps.ept_wb:
        raise UserError("enable_ept=1 needs a processor whose EPT can lie in write-back memory (vmx.c: hardware_setup())",
                        "Use enable_ept=0.")
    if config.vcpus != 1:
        raise Unsupported(f"{config.vcpus} vCPUs: several vCPUs are not modelled yet",
                          "Use vcpus=1, on as many processors as you like (cpus=2); `info model` lists the limits.")
    if not 1 <= config.cpus <= MOST_CPUS:
        raise UserError(f"{config.cpus} processors make no host", f"Give 1 to {MOST_CPUS}.")
    if not 0 <= config.vpids < VMX_NR_VPIDS:
        raise UserError(f"vpids={config.vpids}: a host has {VMX_NR_VPIDS - 1} VPIDs for guests", f"Give 0 to {VMX_NR_VPIDS - 1}.")
    if config.enable_vpid and not caps.vpid:
        raise UserError("enable_vpid=1 needs a processor with VPID (vmx.c: hardware_setup())", "Use enable_vpid=0.")
    refuse_controls(caps)
    if config.enable_shadow_vmcs:
        refuse_shadow_vmcs(era, config, caps)
    if config.apic_access_page:
        refuse_apic_access_page(config, caps)
    if config.enable_vpid and era.vpid_needs_invvpid() and not {1, 2} & set(caps.invvpid_types):
        raise UserError("enable_vpid=1 needs a processor with VPID and INVVPID of type 1 or 2 (vmx.c: hardware_setup())",
                        "Use enable_vpid=0.")
    if config.enable_ept and era.ept_needs_invept_global() and 2 not in caps.invept_types:
        raise UserError("enable_ept=1 needs a processor with all-context INVEPT (vmx.c: hardware_setup())", "Give invept_types 2.")


def refuse_controls(caps: Caps) -> None:
    """raises: UserError, Unsupported for a processor without controls that KVM, or the model's KVM, cannot do without."""
    default1 = full_default1()
    if len(caps.lacks) != len(NEEDED) or len(caps.required) != len(default1) or any(
            required & ~whole for required, whole in zip(caps.required, default1, strict=True)):
        raise UserError(f"lacks={caps.lacks} and required={caps.required} are no words of controls",
                        "Set IA32_VMX_TRUE_PINBASED_CTLS and the like instead; only default1 controls can be required.")
    if len(caps.beyond_model) > len(Beyond._fields) or any(word >> 32 for word in caps.beyond_model[:5]):
        raise UserError(f"beyond_model={','.join(map(hex, caps.beyond_model))} names no bits of controls and CR4",
                        f"Give at most {len(Beyond._fields)} numbers: {', '.join(Beyond._fields)}.")
    if not 0 <= caps.timer_rate < 32 or not 0 <= caps.cr3_targets <= 4:
        raise UserError(f"timer_rate={caps.timer_rate}, cr3_targets={caps.cr3_targets}: no processor says that",
                        "Give a timer_rate of 0 to 31 and cr3_targets of 0 to 4.")
    for lacking, needed, bits in zip(caps.lacks, NEEDED, NAMES, strict=True):
        if lacking & needed:
            raise UserError(f"KVM needs a processor with {names_of(lacking & needed, bits)} (vmx.c: setup_vmcs_config())",
                            "Leave these controls in.")
    for lacking, required, bits in zip(caps.lacks, caps.required, NAMES, strict=False):
        if lacking & required:
            raise UserError(f"no processor demands controls that it does not offer: {names_of(lacking & required, bits)}",
                            "Let a control that must be 1 be 1, or need not be.")
    if caps.cr4_fixed0 != c.CR4_VMXE:
        raise Unsupported(f"a processor that demands more of CR4 than VMXE is not modelled: cr4_fixed0={caps.cr4_fixed0:#x}",
                          "L1's can be told more: l1.cr4_fixed0.")
    if caps.pml:
        raise Unsupported("a processor with PML is not modelled: KVM would log dirty pages with it",
                          "L1 is offered PML without it; KVM emulates that.")


def refuse_shadow_vmcs(era: Era, config: Config, caps: Caps) -> None:
    """raises: UserError, Unsupported where L0 can have no shadow VMCS for L1, or holds other fields in it."""
    if not (config.nested and caps.shadow_vmcs and caps.vmwrite_any_field):
        raise UserError("enable_shadow_vmcs=1 needs nested=1 and a processor with VMCS shadowing and bit 29 of IA32_VMX_MISC "
                        "(vmx_caps.h: cpu_has_vmx_shadow_vmcs())", "Use enable_shadow_vmcs=0.")
    if not era.shadows_the_fields_of_v5_3():
        raise Unsupported("enable_shadow_vmcs=1 before v5.3 (b643780562af): another list of fields, which is not modelled",
                          "Use enable_shadow_vmcs=0, or a newer kernel.")


def refuse_apic_access_page(config: Config, caps: Caps) -> None:
    """raises: UserError, Unsupported for a machine that cannot have an APIC-access page of L1."""
    if config.nested:
        raise Unsupported("an APIC-access page of L1 is not modelled together with nested virtualization", "Add nested=0.")
    if not caps.apic_accesses:
        raise UserError('apic_access_page=1 needs a processor with "virtualize APIC accesses"', "Use apic_accesses=1.")
    if config.memory > APIC_DEFAULT_PHYS_BASE:
        raise UserError(f"memory={config.memory:#x} reaches the local APIC at {APIC_DEFAULT_PHYS_BASE:#x}", "Give less memory.")


def make_cpu(tape: Tape, number: int, caps: Caps) -> Cpu:
    """A logical processor in VMX root operation, running the host's kernel."""
    data = Segment(KERNEL_DS, 0, FLAT, AR_DATA)
    none = Segment(0, 0, 0, 1 << 16)
    descriptors = Descriptors(es=data, cs=Segment(KERNEL_CS, 0, FLAT, AR_CODE_64), ss=data, ds=data, fs=data, gs=data, ldtr=none,
                              tr=Segment(KERNEL_TR, 0, 0x67, AR_TSS_BUSY), gdtr_base=0, gdtr_limit=0xFFFF, idtr_base=0,
                              idtr_limit=0xFFFF, sysenter_cs=0, sysenter_esp=0, sysenter_eip=0)
    return Cpu(tape, f"cpu{number}", id=number, vmx=VMX_ROOT, vmxon_pointer=VMXON_BASE + number * 0x1000, current_vmcs=NO_VMCS,
               cr0=BOOT_CR0, cr2=0, cr3=HOST_CR3, pdptes=NO_PDPTES, cr4=host_cr4(caps), efer=BOOT_EFER, pat=0x0007_0406_0007_0406,
               debugctl=0, dr6=DR6_RESET, dr7=0x400, rip=HOST_RIP, rsp=0, rflags=RFLAGS_RESERVED1, rax=0, descriptors=descriptors,
               vpid=0, eptp=0, exit_insn=NO_INSN, blocking=0, activity=0, fills=0)


def make_vcpu(tape: Tape, number: int) -> Vcpu:
    """A vCPU before kvm_arch_vcpu_create()."""
    return Vcpu(tape, f"vcpu{number}", id=number, cpu=-1, mode=OUTSIDE_GUEST_MODE, requests=0, todo=BEGIN, program=EMPTY, retries=0,
                fail=0, mp_state=RUNNABLE, exit_to_user="", rax=0, exception=None, exit_insn=NO_INSN, emulation_required=False,
                vpid=0, loaded_vmcs=VMCS01, vmcs01_cpu=-1, vmcs02_cpu=-1, vmcs01_launched=False, vmcs02_launched=False,
                cr0=BOOT_CR0, cr3=L1_CR3, cr3_dirty=False, pdptrs=NO_PDPTES, pdptrs_dirty=False, cr4=CR4_PAE | CR4_PGE | CR4_VMXE,
                efer=BOOT_EFER, mmu=ROOT_MMU, guest_mode=False, vmxon=False, vmxon_ptr=INVALID_GPA, current_vmptr=INVALID_GPA,
                vmcs02=INVALID_PAGE, vmcs02_vmptr=INVALID_GPA, vpid02=0, last_vpid=0, nested_run_pending=False, dirty_vmcs12=False,
                shadow_vmcs=INVALID_PAGE, need_vmcs12_to_shadow_sync=False,
                smm=False, smi_pending=False, smram=None, smm_guest_mode=False, smm_vmxon=False, saved_nested_state=None,
                saved_state=None, next_cpu=0, steal_time=0, at_instruction_boundary=False, executes_code=False)


def make_mmus(tape: Tape, vcpus: tuple[Vcpu, ...], name: str) -> tuple[Mmu, ...]:
    """One struct kvm_mmu a vCPU."""
    return tuple(Mmu(tape, f"{vcpu.name}.{name}", role=NO_ROLE, root=NO_ROOT, prev_roots=(NO_ROOT,) * 3) for vcpu in vcpus)
