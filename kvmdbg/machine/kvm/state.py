"""KVM's state: the VM, its vCPUs, their MMUs (struct kvm, kvm_vcpu, vcpu_vmx, kvm_mmu)."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, Protocol

from kvmdbg.machine.hw.state import Cpu, Hardware, Insn, Pdptes
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.program import Program
from kvmdbg.machine.kvm.vcpu_events import PendingException, VcpuEvents, new_vcpu_events
from kvmdbg.tape import Record, Table, Tape

OUTSIDE_GUEST_MODE: Final = "OUTSIDE_GUEST_MODE"
IN_GUEST_MODE: Final = "IN_GUEST_MODE"
EXITING_GUEST_MODE: Final = "EXITING_GUEST_MODE"
READING_SHADOW_PAGE_TABLES: Final = "READING_SHADOW_PAGE_TABLES"     # a walk without mmu_lock (since v3.8)

RUNNABLE: Final = "RUNNABLE"
HALTED: Final = "HALTED"
INIT_RECEIVED: Final = "INIT_RECEIVED"    # it waits for a SIPI: here only an L2 whose vmcs12 says so

INVALID_PAGE: Final = 0xFFFF_FFFF_FFFF_FFFF     # "no root", "no address": INVALID_PAGE, INVALID_GPA
INVALID_GPA: Final = INVALID_PAGE

VMCS01: Final = "vmcs01"
VMCS02: Final = "vmcs02"
ROOT_MMU: Final = "root_mmu"
GUEST_MMU: Final = "guest_mmu"


class Config(NamedTuple):
    """Module parameters of kvm and kvm_intel, and the size of the machine."""

    enable_ept: bool = True
    enable_vpid: bool = True
    nested: bool = True
    enable_shadow_vmcs: bool = False
    vcpus: int = 1
    cpus: int = 1                 # logical processors of the host
    memory: int = 0x4000_0000     # bytes of guest RAM, one memslot from gpa 0 on
    vpids: int = 0xFFFF           # VPID numbers that the vCPUs of other VMs have left over when this one is created
    force_emulation_prefix: bool = False    # kvm.force_emulation_prefix
    apic_access_page: bool = False    # flexpriority: L1's local APIC is an APIC-access page
    l1_caps: tuple[tuple[str, Any], ...] = ()    # fields of Caps: to which user space limits L1 (KVM_SET_MSRS of the VMX MSRs)


class MmuRole(NamedTuple):
    """What tells one root from another besides its pgd (union kvm_mmu_page_role, the bits that the model has)."""

    kind: str                     # "direct" (guest-physical = TDP), "ept" (shadow of L1's EPT12); without EPT "paging64",
                                  # "paging32E" (of page tables) or "nonpaging" (linear = guest-physical)
    guest_mode: bool              # role.guest_mode: L2's pages, kept apart from L1's
    ad_disabled: bool             # role.ad_disabled: EPTP without the A/D bit
    cr0_wp: bool = False          # the rest for page tables only: bits of the guest that change what an SPTE must say
    efer_nx: bool = False
    smep_andnot_wp: bool = False
    smap_andnot_wp: bool = False


class Root(NamedTuple):
    """struct kvm_mmu_root_info, with the role that the root page itself carries."""

    pgd: int                      # guest CR3 or EPTP12
    hpa: int                      # INVALID_PAGE: none
    role: MmuRole


NO_ROLE: Final = MmuRole("direct", False, False)
NO_ROOT: Final = Root(0, INVALID_PAGE, NO_ROLE)


class Smram(NamedTuple):
    """The state-save area of an SMI, as far as the model has registers (struct kvm_smram_state_64)."""

    cr0: int
    cr3: int
    cr4: int
    efer: int
    rip: int
    rflags: int
    rax: int
    segments: tuple[tuple[int, int], ...]     # guest-state fields of segments and tables, and their values


class NestedState(NamedTuple):
    """struct kvm_nested_state with its header for VMX, as user space keeps it."""

    format: int                   # 0: VMX
    size: int                     # bytes: the header alone, with a vmcs12, or with both
    flags: int                    # KVM_STATE_NESTED_*
    vmxon_pa: int                 # INVALID_GPA: L1 is not in VMX operation
    vmcs12_pa: int                # INVALID_GPA: L1 has no current VMCS
    smm_flags: int                # KVM_STATE_NESTED_SMM_*
    vmx_flags: int                # KVM_STATE_VMX_PREEMPTION_TIMER_DEADLINE
    vmcs12: tuple[tuple[int, int], ...]       # (member, value), those that are not 0
    shadow_vmcs12: tuple[tuple[int, int], ...] = ()       # the same of L2's shadow VMCS
    timer: int = 0                # preemption_timer_deadline, here what is left of vmcs12's timer, in instructions of L2


class Mmu(Record):
    """One struct kvm_mmu of a vCPU."""

    __slots__ = ("role", "root", "prev_roots")
    role: MmuRole
    root: Root
    prev_roots: tuple[Root, ...]  # KVM_MMU_NUM_PREV_ROOTS = 3, newest first


class Vcpu(Record):
    """One virtual CPU as KVM sees it (struct kvm_vcpu, kvm_vcpu_arch, vcpu_vmx, nested_vmx)."""

    __slots__ = (
        "id", "cpu", "mode", "requests", "todo", "program", "retries", "fail", "mp_state", "exit_to_user", "rax", "exception",
        "exit_insn", "emulation_required",
        "vpid", "loaded_vmcs", "vmcs01_cpu", "vmcs02_cpu", "vmcs01_launched", "vmcs02_launched", "cr0", "cr3", "cr3_dirty",
        "pdptrs", "pdptrs_dirty", "cr4", "efer", "mmu",
        "guest_mode", "vmxon", "vmxon_ptr", "current_vmptr", "vmcs02", "vmcs02_vmptr", "vpid02", "last_vpid",
        "nested_run_pending", "dirty_vmcs12", "shadow_vmcs", "need_vmcs12_to_shadow_sync",
        "smm", "smi_pending", "smram", "smm_guest_mode", "smm_vmxon", "saved_nested_state", "saved_state",
        "next_cpu", "steal_time", "at_instruction_boundary", "executes_code",
    )
    id: int                       # index in kvm->vcpus
    cpu: int                      # logical processor that it is loaded on; -1 = none
    mode: str                     # OUTSIDE_GUEST_MODE, IN_GUEST_MODE, EXITING_GUEST_MODE
    requests: int                 # bit mask, bit = number of the KVM_REQ_* in this kernel
    todo: tuple[str, ...]         # names of the actions that this thread does next, front first (machine/kvm/run.py)
    program: Program              # what its guest will execute, front first; empty = the guest waits for `inject`
    retries: int                  # how often the instruction in front has exited without being finished
    fail: int                     # vmx->fail: VM-instruction error of an entry that the processor refused, 0
    mp_state: str                 # RUNNABLE, HALTED or INIT_RECEIVED
    exit_to_user: str             # "" or the KVM_EXIT_* with which KVM_RUN returned
    rax: int                      # vcpu->arch.regs[VCPU_REGS_RAX] while the vCPU is out of the guest
    exception: PendingException | None
    exit_insn: Insn               # the instruction whose VM exit is being handled
    emulation_required: bool      # vmx->emulation_required: L2 was not entered, as its state is invalid
    vpid: int                     # VPID01; 0 = none
    loaded_vmcs: str              # VMCS01 or VMCS02
    vmcs01_cpu: int               # loaded_vmcs->cpu of each: the processor it was last loaded on; -1 = never
    vmcs02_cpu: int
    vmcs01_launched: bool
    vmcs02_launched: bool
    cr0: int                      # vcpu->arch.cr0: as the running guest level sees it
    cr3: int                      # vcpu->arch.cr3; with EPT the VMCS field counts unless cr3_dirty
    cr3_dirty: bool               # VCPU_EXREG_CR3 is dirty: written to GUEST_CR3 when the root is loaded
    pdptrs: Pdptes                # mmu->pdptrs, of a guest in PAE paging; with EPT the VMCS fields count unless pdptrs_dirty
    pdptrs_dirty: bool            # VCPU_EXREG_PDPTR is dirty: written to the VMCS when the root is loaded
    cr4: int
    efer: int
    mmu: str                      # vcpu->arch.mmu points to ROOT_MMU or GUEST_MMU
    guest_mode: bool              # is_guest_mode(): L2 is the guest
    vmxon: bool                   # vmx->nested.vmxon: L1 is in VMX operation
    vmxon_ptr: int                # L1 guest-physical; INVALID_GPA
    current_vmptr: int            # L1 guest-physical address of L1's current VMCS; INVALID_GPA
    vmcs02: int                   # host-physical address of the vmcs02 region; INVALID_PAGE while not allocated
    vmcs02_vmptr: int             # until v4.15: the vmcs12 whose vmcs02 is in the pool; INVALID_GPA: the pool is empty
    vpid02: int                   # 0 = none
    last_vpid: int                # vpid12 of the last nested entry that used one
    nested_run_pending: bool
    dirty_vmcs12: bool
    shadow_vmcs: int              # host-physical address of vmcs01.shadow_vmcs, L0's shadow VMCS for L1; INVALID_PAGE: none
    need_vmcs12_to_shadow_sync: bool
    smm: bool                     # HF_SMM_MASK: the guest is in system-management mode
    smi_pending: bool
    smram: Smram | None           # the state-save area: what RSM will bring back
    smm_guest_mode: bool          # nested.smm.guest_mode: the SMI came while L2 ran
    smm_vmxon: bool               # nested.smm.vmxon: VMX operation goes on after RSM
    saved_nested_state: NestedState | None    # what user space got from KVM_GET_NESTED_STATE
    saved_state: Any              # a VcpuState of migration.py that user space keeps, or None
    next_cpu: int                 # processor on which the thread will go on: vcpu_load loads the VMCS there
    steal_time: int               # MSR_KVM_STEAL_TIME as L1 wrote it: a 64-byte aligned gpa, bit 0 = enabled; 0 = off
    executes_code: bool           # the instruction in hand stands at an address (kvm.code), and not in `program`
    at_instruction_boundary: bool # the guest was left between two instructions, and KVM has emulated nothing since


class ShadowKey(NamedTuple):
    """What a shadow page shadows (struct kvm_mmu_page: role and gfn)."""

    role: MmuRole
    direct: bool                  # a direct page: maps consecutive gfns, no guest table behind it
    level: int                    # 4 .. 1
    gfn: int                      # the guest table's frame; for a direct page the first gfn it maps
    access: int = 0b111           # role.access: rights that the entries above leave to what lies below (EPT's, or ACC_*)


class ShadowPage(NamedTuple):
    """One page of EPT01, EPT02 or a shadow page table in host memory."""

    hpa: int                      # the frame that holds its 512 entries
    unsync: bool                  # the guest table may have changed since (level 1 only)


class X86Ops(Protocol):
    """kvm_x86_ops: what the vendor module does for the common code. vmx and svm are siblings behind it."""

    def vcpu_load(self, kvm: Kvm, vcpu: Vcpu, cpu: int) -> None: ...

    def flush_tlb_all(self, kvm: Kvm, vcpu: Vcpu) -> None: ...

    def flush_tlb_current(self, kvm: Kvm, vcpu: Vcpu) -> None: ...

    def flush_tlb_guest(self, kvm: Kvm, vcpu: Vcpu) -> None: ...

    def flush_tlb_gva(self, kvm: Kvm, vcpu: Vcpu, gva: int) -> None: ...

    def load_mmu_pgd(self, kvm: Kvm, vcpu: Vcpu) -> None: ...

    def inject_exception(self, kvm: Kvm, vcpu: Vcpu) -> None: ...

    def is_exception_vmexit(self, kvm: Kvm, vcpu: Vcpu, exception: PendingException) -> bool: ...

    def triple_fault(self, kvm: Kvm, vcpu: Vcpu) -> None: ...

    def inject_nmi(self, kvm: Kvm, vcpu: Vcpu) -> None: ...

    def inject_irq(self, kvm: Kvm, vcpu: Vcpu, vector: int) -> None: ...

    def reinject(self, kvm: Kvm, vcpu: Vcpu) -> None: ...

    def nmi_masked(self, kvm: Kvm, vcpu: Vcpu) -> bool: ...

    def nmi_allowed(self, kvm: Kvm, vcpu: Vcpu) -> str: ...

    def interrupt_allowed(self, kvm: Kvm, vcpu: Vcpu) -> str: ...

    def interrupt_blocked(self, kvm: Kvm, vcpu: Vcpu) -> bool: ...

    def enable_nmi_window(self, kvm: Kvm, vcpu: Vcpu) -> bool: ...

    def enable_irq_window(self, kvm: Kvm, vcpu: Vcpu) -> bool: ...

    def check_nested_events(self, kvm: Kvm, vcpu: Vcpu) -> bool: ...

    def has_nested_events(self, kvm: Kvm, vcpu: Vcpu, for_injection: bool) -> bool: ...

    def deliver_nested_posted_interrupt(self, kvm: Kvm, vcpu: Vcpu, vector: int) -> bool: ...

    def guest_apic_has_interrupt(self, kvm: Kvm, vcpu: Vcpu) -> bool: ...

    def request_immediate_exit(self, kvm: Kvm, vcpu: Vcpu) -> None: ...

    def nested_tick(self, kvm: Kvm, vcpu: Vcpu) -> None: ...

    def cancel_injection(self, kvm: Kvm, vcpu: Vcpu) -> None: ...

    def vcpu_run(self, kvm: Kvm, vcpu: Vcpu) -> bool: ...

    def exit_was_between_instructions(self, kvm: Kvm, vcpu: Vcpu) -> bool: ...

    def exit_during_delivery(self, kvm: Kvm, vcpu: Vcpu) -> bool: ...

    def handle_exit(self, kvm: Kvm, vcpu: Vcpu) -> bool: ...

    def vcpu_after_exit(self, kvm: Kvm, vcpu: Vcpu) -> None: ...

    def skip_emulated_instruction(self, kvm: Kvm, vcpu: Vcpu) -> None: ...

    def read_cr3(self, kvm: Kvm, vcpu: Vcpu) -> int: ...

    def read_cr0(self, kvm: Kvm, vcpu: Vcpu) -> int: ...

    def read_cr4(self, kvm: Kvm, vcpu: Vcpu) -> int: ...

    def set_cr0(self, kvm: Kvm, vcpu: Vcpu, cr0: int) -> None: ...

    def set_efer(self, kvm: Kvm, vcpu: Vcpu, efer: int) -> None: ...

    def set_cr4(self, kvm: Kvm, vcpu: Vcpu, cr4: int) -> None: ...


class Kvm:
    """The machine that the debugger steps: KVM with its VM, on the processor `hw`."""

    def __init__(self, tape: Tape, hw: Hardware, era: Era, ops: X86Ops, config: Config, vcpus: tuple[Vcpu, ...],
                 root_mmus: tuple[Mmu, ...], guest_mmus: tuple[Mmu, ...]) -> None:
        self.tape = tape
        self.hw = hw
        self.era = era                                     # answers how this kernel differs
        self.ops = ops                                     # kvm_x86_ops
        self.config = config
        self.vcpus = vcpus
        self._mmus = {ROOT_MMU: root_mmus, GUEST_MMU: guest_mmus}
        self.emit = tape.emit
        self._events = tuple(new_vcpu_events(tape, vcpu.name) for vcpu in vcpus)
        self.pages: Table[int, int] = Table(tape, "guest pages")                        # gfn -> host frame's address
        self.gfn_of: Table[int, int] = Table(tape, "gfn of frame")                      # the inverse of pages
        self.memslots: Table[int, int] = Table(tape, "memslots")                        # first gfn -> how many
        self.dirty_logs: Table[int, int] = Table(tape, "dirty logs")                    # slots with a dirty log, by first gfn
        self.dirty_bitmap: Table[int, int] = Table(tape, "dirty_bitmap")                # gfns written to in those
        self.obsolete_roots: Table[int, ShadowKey] = Table(tape, "obsolete roots")      # zapped, and held by a vCPU: frame -> what
        self.shadow_pages: Table[ShadowKey, ShadowPage] = Table(tape, "shadow pages")
        self.rmap: Table[int, tuple[int, ...]] = Table(tape, "rmap")                    # gfn -> addresses of its leaf SPTEs
        self.vpid_bitmap: Table[int, str] = Table(tape, "vmx_vpid_bitmap")              # VPID in use -> by whom
        self.cached_vmcs12: Table[tuple[int, int], int] = Table(tape, "cached_vmcs12")  # (vcpu, encoding) -> value
        self.cached_shadow_vmcs12: Table[tuple[int, int], int] = Table(tape, "cached_shadow_vmcs12")    # of L2's link pointer
        self.ept_qualification: Table[int, int] = Table(tape, "exit_qualification")     # of its last EPT violation, by vCPU
        self.apic_base: Table[int, int] = Table(tape, "IA32_APIC_BASE")                 # by vCPU, as L1 wrote it
        self.code: Table[tuple[int, int], Insn] = Table(tape, "code")                   # by level and linear address
        self.msrs: Table[tuple[int, int], int] = Table(tape, "guest msrs")              # (vcpu, number), those kept in memory
        self.l1_tsc_offset: Table[int, int] = Table(tape, "l1_tsc_offset")              # by vCPU; absent = 0
        self.runtime_cpuid: Table[int, int] = Table(tape, "runtime cpuid")              # by vCPU: CR4 bits that CPUID mirrors
        self.counters: Table[str, int] = Table(tape, "kvm")                             # of struct kvm: tlbs_dirty
        self.stats: Table[tuple[int, str], int] = Table(tape, "stats")                  # (vcpu or -1 for the VM, name)

    def mmu(self, vcpu: Vcpu) -> Mmu:
        """vcpu->arch.mmu."""
        return self._mmus[vcpu.mmu][vcpu.id]

    def mmu_named(self, vcpu: Vcpu, name: str) -> Mmu:
        """One of the vCPU's MMUs: ROOT_MMU or GUEST_MMU."""
        return self._mmus[name][vcpu.id]

    def events(self, vcpu: Vcpu) -> VcpuEvents:
        """What waits to be injected into the vCPU."""
        return self._events[vcpu.id]

    def cpu(self, vcpu: Vcpu) -> Cpu:
        """The logical processor that the vCPU is loaded on."""
        return self.hw.cpus[vcpu.cpu]

    def vmcs01(self, vcpu: Vcpu) -> int:
        """Host-physical address of the vCPU's vmcs01 region: allocated first, one frame a vCPU."""
        return VMCS01_BASE + vcpu.id * 0x1000

    def count(self, vcpu: int, name: str, by: int = 1) -> None:
        """Count a statistic, if this kernel has it, under its name there.  vcpu: -1 = the VM's; name: v6.12's."""
        called = self.era.statistic_name(name)
        if called:
            self.stats[vcpu, called] = self.stats.get((vcpu, called), 0) + by


VMCS01_BASE: Final = 0xF000_0000    # host-physical: below the frames that memory.alloc_frame() hands out
VMREAD_BITMAP_PAGE: Final = 0xEFE0_0000     # with enable_shadow_vmcs: which fields of vmcs12 L1 reads and writes without an exit
VMWRITE_BITMAP_PAGE: Final = 0xEFE0_1000
VMXON_BASE: Final = 0xEFF0_0000     # the host's own VMXON region of each logical processor
PAE_ROOT_BASE: Final = 0xEE00_0000  # pae_root of each vCPU's root_mmu: below 4 GiB, as CR3 has 32 bits in PAE paging


def level_of(vcpu: Vcpu) -> int:
    """1 while L1 is the vCPU's guest, 2 while L2 is."""
    return 2 if vcpu.guest_mode else 1


