"""The Intel vendor module: setting up vmcs01, loading it and a root, injecting, entering (vmx.c)."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.capabilities import control_settings
from kvmdbg.machine.hw.control_registers import cr4_offered
from kvmdbg.machine.hw.controls import (
    AR_DB,
    AR_G,
    AR_L,
    AR_P,
    AR_S,
    AR_UNUSABLE,
    BLOCKING_MOV_SS,
    BLOCKING_STI,
    CPU_CR3_LOAD_EXITING,
    CPU_CR3_STORE_EXITING,
    CPU_HLT_EXITING,
    CPU_INVLPG_EXITING,
    CPU_MONITOR_TRAP_FLAG,
    CPU_SECONDARY_CONTROLS,
    CPU_TSC_OFFSETTING,
    CPU_UNCOND_IO_EXITING,
    EFER_LMA,
    EFER_LME,
    EFER_NXE,
    EFER_SCE,
    ENTRY_IA32E_MODE,
    ENTRY_LOAD_IA32_EFER,
    EXIT_ACK_INTR_ON_EXIT,
    EXIT_HOST_ADDR_SPACE_SIZE,
    EXIT_LOAD_IA32_EFER,
    EXIT_SAVE_IA32_EFER,
    INTR_INFO_ERROR_CODE,
    INTR_INFO_VALID,
    INTR_TYPE_HARD_EXCEPTION,
    INTR_TYPE_SOFT_EXCEPTION,
    PIN_EXTERNAL_INTERRUPT_EXITING,
    PIN_NMI_EXITING,
    PIN_VIRTUAL_NMIS,
    RFLAGS_RESERVED1,
    RFLAGS_TF,
    SEC_ENABLE_EPT,
    SEC_ENABLE_INVPCID,
    SEC_ENABLE_RDTSCP,
    SEC_ENABLE_VMFUNC,
    SEC_ENABLE_VPID,
    SEC_UNRESTRICTED_GUEST,
    SEC_VIRTUALIZE_APIC_ACCESSES,
)
from kvmdbg.machine.hw.delivery import VECTORS
from kvmdbg.machine.hw.entry import vm_entry
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import Caps, Cpu
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.events import Decided, FlushAsked, VmcsCleared
from kvmdbg.machine.kvm.guest_state_valid import l2_must_be_emulated
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.machine.kvm.questions.flushes import LOAD_FLUSHES_IN_SET_CR3
from kvmdbg.machine.kvm.restricted_guest import IDENTITY_MAP, runs_on_identity_map, unrestricted_guest
from kvmdbg.machine.kvm.shadow_vmcs import nested_sync_vmcs12_to_shadow
from kvmdbg.machine.kvm.state import VMCS01, Kvm, Vcpu
from kvmdbg.machine.kvm.vcpu_events import PendingException
from kvmdbg.machine.kvm.vmx_control_registers import (
    HOST_CR0,
    cr4_guest_owned_bits,
    ept_load_pdptrs,
    hardware_cr4,
    hardware_efer,
    kvm_get_active_pcid,
)
from kvmdbg.machine.kvm.vmx_flush import construct_eptp, vmx_flush_tlb
from kvmdbg.machine.kvm.vmx_ops import field, read, write
from kvmdbg.machine.kvm.x86 import kvm_vcpu_do_singlestep

HOST_CR4: Final = 0x0037_26E0
HOST_CR3: Final = 0x0A00_0000
HOST_RIP: Final = 0xFFFF_FFFF_8100_0000       # vmx_vmexit
KERNEL_CS: Final = 0x10
KERNEL_DS: Final = 0x18
KERNEL_TR: Final = 0x40

NEVER: Final = -1             # loaded_vmcs->cpu of a VMCS that no processor has loaded
SEGMENTS: Final = ("ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR")
AR_DATA: Final = AR_P | AR_S | AR_DB | AR_G | 0x3       # read/write, accessed
AR_CODE_64: Final = AR_P | AR_S | AR_L | AR_G | 0xB     # execute/read, accessed
AR_TSS_BUSY: Final = AR_P | 0xB
SOFT_EXCEPTIONS: Final = ("#BP", "#OF")
BOOT_CR0: Final = HOST_CR0
BOOT_EFER: Final = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE


# -- vmcs01 (vmx.c: init_vmcs(), vmx_vcpu_reset()) -----------------------------------------------------------------


def flat_segments() -> dict[int, int]:
    """Guest segment fields of a 64-bit kernel at CPL 0."""
    fields: dict[int, int] = {}
    for name in SEGMENTS:
        selector = {"CS": KERNEL_CS, "TR": KERNEL_TR, "LDTR": 0}.get(name, KERNEL_DS)
        rights = {"CS": AR_CODE_64, "TR": AR_TSS_BUSY, "LDTR": AR_UNUSABLE}.get(name, AR_DATA)
        fields[field(f"GUEST_{name}_SELECTOR")] = selector
        fields[field(f"GUEST_{name}_LIMIT")] = 0x67 if name == "TR" else 0xFFFF_FFFF if name != "LDTR" else 0
        fields[field(f"GUEST_{name}_AR_BYTES")] = rights
    return fields


def host_cr4(caps: Caps) -> int:
    """The host's CR4: a kernel sets no bit that its processor does not offer."""
    return HOST_CR4 & cr4_offered(caps)


def host_state(caps: Caps) -> dict[int, int]:
    """Where L0 goes on after a VM exit (vmx.c: vmx_set_constant_host_state())."""
    return {
        F.HOST_CR0: HOST_CR0, F.HOST_CR3: HOST_CR3, F.HOST_CR4: host_cr4(caps), F.HOST_RIP: HOST_RIP, F.HOST_IA32_EFER: BOOT_EFER,
        F.HOST_CS_SELECTOR: KERNEL_CS, F.HOST_SS_SELECTOR: KERNEL_DS, F.HOST_DS_SELECTOR: KERNEL_DS,
        F.HOST_ES_SELECTOR: KERNEL_DS, F.HOST_TR_SELECTOR: KERNEL_TR,
    }


def secondary_exec_control(kvm: Kvm, vpid: int) -> int:
    """vmx.c: vmx_secondary_exec_control(): no "enable VPID" for a vCPU without a number."""
    control = SEC_ENABLE_RDTSCP | (SEC_ENABLE_VPID if vpid else 0)
    if kvm.config.apic_access_page:
        control |= SEC_VIRTUALIZE_APIC_ACCESSES
    if kvm.config.enable_ept:
        control |= SEC_ENABLE_EPT | (SEC_UNRESTRICTED_GUEST if unrestricted_guest(kvm) else 0)
    if kvm.hw.caps.vmfunc and kvm.era.offers_vmfunc_to_l1():
        control |= SEC_ENABLE_VMFUNC              # with no function enabled: VMFUNC of L1 exits, and is #UD (2a499e49c2ac)
    invpcid = kvm.hw.caps.invpcid and (kvm.config.enable_ept or kvm.era.pcid_without_tdp())
    return control | (SEC_ENABLE_INVPCID if invpcid else 0)


def cpu_exec_control(kvm: Kvm) -> int:
    """vmx.c: vmx_exec_control(): without EPT KVM must see whatever changes the guest's view of its page tables."""
    shadow = 0 if kvm.config.enable_ept else CPU_CR3_LOAD_EXITING | CPU_CR3_STORE_EXITING | CPU_INVLPG_EXITING
    return CPU_HLT_EXITING | CPU_TSC_OFFSETTING | CPU_UNCOND_IO_EXITING | CPU_SECONDARY_CONTROLS | shadow


def exception_bitmap(kvm: Kvm) -> int:
    """vmx.c: vmx_update_exception_bitmap(): #UD, and #PF while page tables are shadowed."""
    return 1 << VECTORS["#UD"] | (0 if kvm.config.enable_ept else 1 << VECTORS["#PF"])


def execution_controls(kvm: Kvm, vpid: int) -> dict[int, int]:
    """The controls that L0 wants for any guest, and those that the processor demands (vmx.c: init_vmcs())."""
    return adjust_vmx_controls(kvm, {
        F.PIN_BASED_VM_EXEC_CONTROL: PIN_EXTERNAL_INTERRUPT_EXITING | PIN_NMI_EXITING | PIN_VIRTUAL_NMIS,
        F.CPU_BASED_VM_EXEC_CONTROL: cpu_exec_control(kvm),
        F.SECONDARY_VM_EXEC_CONTROL: secondary_exec_control(kvm, vpid),
        F.VM_EXIT_CONTROLS: EXIT_HOST_ADDR_SPACE_SIZE | EXIT_SAVE_IA32_EFER | EXIT_LOAD_IA32_EFER
        | (EXIT_ACK_INTR_ON_EXIT if kvm.era.acknowledges_interrupts_on_exit() else 0),
        F.VM_ENTRY_CONTROLS: ENTRY_IA32E_MODE | ENTRY_LOAD_IA32_EFER,
        F.EXCEPTION_BITMAP: exception_bitmap(kvm),
        F.CR0_GUEST_HOST_MASK: 0xFFFF_FFFF_FFFF_FFFF & ~kvm.era.cr0_guest_owned_bits(kvm.config.enable_ept),
        F.CR4_GUEST_HOST_MASK: 0xFFFF_FFFF_FFFF_FFFF & ~cr4_guest_owned_bits(kvm),
        F.VMCS_LINK_POINTER: 0xFFFF_FFFF_FFFF_FFFF,
    })


def adjust_vmx_controls(kvm: Kvm, wanted: dict[int, int]) -> dict[int, int]:
    """The fields without controls that the processor lacks, and with those that must be 1 (vmx.c)."""
    settings = control_settings(kvm.hw.caps)
    return {encoding: settings[encoding].adjusted(value) if encoding in settings else value for encoding, value in wanted.items()}


def init_vmcs01(kvm: Kvm, vcpu: Vcpu) -> None:
    """vmcs01 of a vCPU whose guest runs a 64-bit kernel; into the region, which need not be current."""
    state = {F.GUEST_CR3: vcpu.cr3, F.GUEST_IA32_EFER: hardware_efer(kvm, vcpu.efer), F.GUEST_RIP: 0x10_0000, F.GUEST_RSP: 0x8_0000,
             F.GUEST_RFLAGS: RFLAGS_RESERVED1, F.GUEST_DR7: 0x400, F.GUEST_CR0: vcpu.cr0, F.CR0_READ_SHADOW: vcpu.cr0,
             F.GUEST_CR4: hardware_cr4(kvm, vcpu.cr0, vcpu.cr4), F.CR4_READ_SHADOW: vcpu.cr4, F.VIRTUAL_PROCESSOR_ID: vcpu.vpid}
    for encoding, value in (host_state(kvm.hw.caps) | execution_controls(kvm, vcpu.vpid) | flat_segments() | state).items():
        if value:
            kvm.hw.vmcs[kvm.vmcs01(vcpu), encoding] = value


# -- loading a VMCS and a root -------------------------------------------------------------------------------------


def vmx_vcpu_load_vmcs(kvm: Kvm, vcpu: Vcpu, cpu: int) -> None:
    """Make the vCPU's loaded VMCS current on `cpu`; on a processor new to it, ask to flush all contexts, deliberately.

    The contexts that it has on that processor may be stale in any number of ways (vmx.c: vmx_vcpu_load_vmcs()).
    """
    last = vcpu.vmcs01_cpu if vcpu.loaded_vmcs == VMCS01 else vcpu.vmcs02_cpu
    region = kvm.vmcs01(vcpu) if vcpu.loaded_vmcs == VMCS01 else vcpu.vmcs02
    vcpu.cpu = cpu
    kvm.emit(Decided, vcpu.id, "vmx_vcpu_load_vmcs", f"is {vcpu.loaded_vmcs} new to this processor?",
             "no" if last == cpu else "yes", f"loaded_vmcs->cpu {last}, now {cpu}",
             "vmx.c: vmx_vcpu_load_vmcs(); vmx_vcpu_load() before v5.3")
    if last not in (cpu, NEVER):
        loaded_vmcs_clear(kvm, vcpu, region, last)
    vmcs.load(kvm.hw, kvm.hw.cpus[cpu], region)
    if last == cpu:
        return
    kvm_make_request(kvm, vcpu, "TLB_FLUSH", "vmx_vcpu_load_vmcs")
    if vcpu.loaded_vmcs == VMCS01:
        vcpu.vmcs01_cpu = cpu
    else:
        vcpu.vmcs02_cpu = cpu


def loaded_vmcs_clear(kvm: Kvm, vcpu: Vcpu, region: int, cpu: int) -> None:
    """VMCLEAR on the processor that used the VMCS last; what that one has cached for the vCPU stays there (vmx.c)."""
    kvm.emit(VmcsCleared, vcpu.id, vcpu.loaded_vmcs, cpu)
    vmcs.clear(kvm.hw, kvm.hw.cpus[cpu], region)
    if vcpu.loaded_vmcs == VMCS01:
        vcpu.vmcs01_launched = False
    else:
        vcpu.vmcs02_launched = False


def vmx_load_mmu_pgd(kvm: Kvm, vcpu: Vcpu) -> None:
    """EPTP and, if KVM changed them, CR3 and the PDPTEs of the guest (vmx.c: vmx_load_mmu_pgd(), v5.8; vmx_set_cr3() before).

    Without EPT the processor's CR3 is the shadow root, with the guest's PCID since c9470a2e28ed.
    """
    root = kvm.mmu(vcpu).root
    if kvm.config.enable_ept:
        write(kvm, vcpu, F.EPT_POINTER, construct_eptp(kvm, vcpu, root))
    else:
        write(kvm, vcpu, F.GUEST_CR3, root.hpa | kvm_get_active_pcid(vcpu))
        vcpu.cr3_dirty = False
    if vcpu.cr3_dirty:
        write(kvm, vcpu, F.GUEST_CR3, IDENTITY_MAP if runs_on_identity_map(kvm, vcpu) else vcpu.cr3)
        vcpu.cr3_dirty = False
    if vcpu.pdptrs_dirty:
        ept_load_pdptrs(kvm, vcpu, vcpu.pdptrs)
    if kvm.era.root_load_flush() == LOAD_FLUSHES_IN_SET_CR3:
        kvm.emit(FlushAsked, vcpu.id, "root load", "vmx_set_cr3",
                 f"vpid {vcpu.vpid}{' and the new EPTP' if kvm.config.enable_ept else ''}")
        vmx_flush_tlb(kvm, vcpu)


# -- injecting and skipping ----------------------------------------------------------------------------------------


def exception_info(exception: PendingException) -> int:
    """VM-entry or VM-exit interruption information of an exception: #BP and #OF are software's (kvm_exception_is_soft())."""
    kind = INTR_TYPE_SOFT_EXCEPTION if exception.vector in SOFT_EXCEPTIONS else INTR_TYPE_HARD_EXCEPTION
    return INTR_INFO_VALID | kind << 8 | VECTORS[exception.vector] | (INTR_INFO_ERROR_CODE if exception.has_error_code else 0)


def skip_emulated_instruction(kvm: Kvm, vcpu: Vcpu) -> None:
    """RIP over the instruction, which ends blocking by STI and MOV SS; in the model also: it leaves the guest's program."""
    write(kvm, vcpu, F.GUEST_RIP, read(kvm, vcpu, F.GUEST_RIP) + vcpu.exit_insn.length)
    shadow = read(kvm, vcpu, F.GUEST_INTERRUPTIBILITY_INFO)
    if shadow & (BLOCKING_STI | BLOCKING_MOV_SS):
        write(kvm, vcpu, F.GUEST_INTERRUPTIBILITY_INFO, shadow & ~(BLOCKING_STI | BLOCKING_MOV_SS))
    drop_instruction(vcpu)
    vmx_update_emulated_instruction(kvm, vcpu)
    if read(kvm, vcpu, F.GUEST_RFLAGS) & RFLAGS_TF and kvm.era.traps_after_skipped_instructions():
        kvm_vcpu_do_singlestep(kvm, vcpu)


def vmx_update_emulated_instruction(kvm: Kvm, vcpu: Vcpu) -> None:
    """L0 has emulated an instruction of L2: if L1 traps after each, the trap is due (vmx.c, 5ef8acbdd687)."""
    if not (vcpu.guest_mode and kvm.era.emulates_mtf()
            and vmcs12.get(kvm, vcpu, F.CPU_BASED_VM_EXEC_CONTROL) & CPU_MONITOR_TRAP_FLAG):
        return
    kvm.events(vcpu).mtf_pending = True
    kvm_make_request(kvm, vcpu, "EVENT", "vmx_update_emulated_instruction")


def drop_instruction(vcpu: Vcpu) -> None:
    """The instruction at RIP has had its effect: a fault, an entry to L2, an exit to L1."""
    if not vcpu.executes_code:
        vcpu.program = vcpu.program.rest()
    vcpu.retries = 0


# -- running -------------------------------------------------------------------------------------------------------


def vmx_vcpu_run(kvm: Kvm, vcpu: Vcpu) -> bool:
    """VMLAUNCH or VMRESUME of the loaded VMCS (vmx.c: vmx_vcpu_run()); False: the entry failed, handle_exit() looks at it.

    raises: Unsupported for a guest that the processor model lacks.
    """
    if l2_must_be_emulated(kvm, vcpu):
        vcpu.emulation_required = True
        return False
    nested_sync_vmcs12_to_shadow(kvm, vcpu)
    cpu = kvm.cpu(vcpu)
    cpu.rax = vcpu.rax
    first = vcpu.loaded_vmcs == VMCS01
    result = vm_entry(kvm.hw, cpu, launch=not (vcpu.vmcs01_launched if first else vcpu.vmcs02_launched))
    if not result.entered:
        vcpu.fail = result.error
        vcpu.nested_run_pending = False         # L2's state was bad: L1 gets that exit now
        return False
    if first:
        vcpu.vmcs01_launched = True
    else:
        vcpu.vmcs02_launched = True
    return True


def vmx_vcpu_after_exit(kvm: Kvm, vcpu: Vcpu) -> None:
    """What vmx_vcpu_run() does once the guest has exited: save registers, and L2 has now run."""
    cpu: Cpu = kvm.cpu(vcpu)
    vcpu.rax = cpu.rax
    vcpu.exit_insn = cpu.exit_insn
    if vcpu.pdptrs_dirty:
        vcpu.pdptrs_dirty = False               # regs_dirty = 0: PDPTEs that no root load has written are lost (I-16)
    if vcpu.nested_run_pending:
        if not kvm.era.remakes_event_with_an_immediate_exit():
            kvm_make_request(kvm, vcpu, "EVENT", "vmx_vcpu_run")       # what waited for L2's run is looked at again
        vcpu.nested_run_pending = False
        kvm.count(vcpu.id, "nested_run")
