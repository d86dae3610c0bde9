"""What the model is faithful to, what it simplifies and what it leaves out, each with its reason: `info model` and the manual."""

from __future__ import annotations

from typing import Final, NamedTuple

MODELLED: Final = "modelled"
SIMPLIFIED: Final = "simplified"
LEFT_OUT: Final = "left out"
STATUSES: Final = (MODELLED, SIMPLIFIED, LEFT_OUT)


class Statement(NamedTuple):
    """One thing that a reader may rely on, or must not."""

    topic: str
    status: str        # one of STATUSES
    text: str
    reason: str        # the source that it follows, what it costs, or why it is not there


STATEMENTS: Final = (
    # -- The processor ---------------------------------------------------------------------------------------------------
    Statement("paging", MODELLED,
              "32-bit, PAE, 4-level and 5-level paging, all page sizes: A, D, G, R/W, U/S, XD, PCIDs, CR0.WP, SMEP, SMAP",
              "SDM Vol. 3A 4.3 to 4.6, 4.10; 5 levels with `machine la57=1`"),
    Statement("paging", MODELLED, "PAE paging starts at four PDPTE registers, which loads of control registers and VM entry fill",
              "SDM Vol. 3A 4.4.1, Vol. 3C 26.3.2.4, 27.3.1"),
    Statement("paging", LEFT_OUT, "protection keys", "flushing does not differ with them"),
    Statement("paging", SIMPLIFIED, "each access is of the eight bytes around its address",
              "nothing straddles a page: a straddling access is two of these"),
    Statement("EPT", MODELLED, "4-level EPT with 4K, 2M and 1G pages, A and D flags, violations and misconfigurations",
              "SDM Vol. 3C 29.3"),
    Statement("EPT", SIMPLIFIED, "memory types are checked and then ignored", "no cache but the TLB is modelled"),
    Statement("TLB", MODELLED,
              "linear, guest-physical and combined mappings, tagged VPID, PCID and EP4TA, and each invalidation of the manual",
              "SDM Vol. 3C 29.4"),
    Statement("TLB", SIMPLIFIED, "unlimited; with `machine tlb_capacity=N` the oldest entry makes room",
              "replacement is not architectural, and must be deterministic here"),
    Statement("TLB", SIMPLIFIED, "nothing is cached ahead of its use, and what is cached stays until something removes it",
              "the manual allows both, and a stale entry must stay to be seen"),
    Statement("TLB", LEFT_OUT, "paging-structure caches (PML4, PDPTE and PDE caches)",
              "the same flushes cover them; they matter to INVLPG and upper levels only"),
    Statement("VMX", MODELLED,
              "every field of the VMCS, launch state, VM entry and exit, checks in the manual's order with their errors",
              "SDM Vol. 3C 24 to 30"),
    Statement("VMX", SIMPLIFIED, "INVVPID and INVEPT remove exactly what they must", "the manual lets a processor remove more"),
    Statement("VMX", LEFT_OUT,
              "MSR areas with entries, SMM of its own, APIC virtualization, PML, #VE (refused or not offered)",
              "they come with the commits that need them"),
    Statement("VMX", MODELLED, "VM functions with EPTP switching, MSR bitmaps", "SDM Vol. 3C 24.6.9, 25.5.5"),
    Statement("VMX", MODELLED,
              "external interrupts, NMIs, their windows, the monitor trap, the preemption timer, pending #DB: which comes first, "
              "what blocks it, exit or delivery",
              "SDM Vol. 3C 25.2, 25.5, 26.7"),
    Statement("VMX", SIMPLIFIED, "the preemption timer counts one for each instruction of the guest, and runs down in HLT",
              "nothing else takes time here"),
    Statement("VMX", SIMPLIFIED, "delivery touches no memory, so nothing interrupts it: IDT-vectoring information is never valid",
              "there is no IDT and no stack"),
    Statement("instructions", SIMPLIFIED,
              "a guest's program is a list beside its memory; an instruction is 3 bytes long; RAX is the one general register",
              "what flushes is an instruction's effect, not its encoding"),
    Statement("instructions", SIMPLIFIED, "a fault or an injected event is delivered, and the program goes on after it",
              "there is no guest kernel to handle it"),
    Statement("instructions", LEFT_OUT, "MOV DR, I/O, most model-specific registers", "they come with the commits that need them"),
    # -- KVM -------------------------------------------------------------------------------------------------------------
    Statement("kernels", MODELLED, "v4.3, v4.4 and v6.12; each difference cites its commit (`kvmdbg kernels`)",
              "the kernel's sources of those versions"),
    Statement("kernels", LEFT_OUT, "the versions between them and before", "each comes with the commit that needs it"),
    Statement("run loop", MODELLED, "the ladder of requests in vcpu_enter_guest(), vcpu->mode, the last check with interrupts off",
              "x86.c"),
    Statement("run loop", SIMPLIFIED, "the requests about flushing, roots and events can be raised, no others",
              "the others touch no cached translation"),
    Statement("EPT01", MODELLED, "built on EPT violations, one 4-KiB page at a time, in one memslot",
              "mmu.c: direct_page_fault()"),
    Statement("EPT01", LEFT_OUT, "huge pages, dirty logging, swapping, changes of memslots, MMU notifiers",
              "the host's own flushing is a later issue"),
    Statement("nested VMX", MODELLED,
              "vmcs12 and its cache, vmcs02, entry, exit and reflection, emulated INVVPID and INVEPT, EPT02 from EPT12",
              "nested.c"),
    Statement("nested VMX", LEFT_OUT, "VMFUNC, VMCS shadowing, enlightened VMCS, virtual interrupts of L2",
              "each has an issue of its own"),
    Statement("nested VMX", MODELLED,
              "KVM_GET_NESTED_STATE and KVM_SET_NESTED_STATE with the pages of vmcs12 mapped by request (`host nested-state`)",
              "nested.c: vmx_set_nested_state(), nested_get_vmcs12_pages()"),
    Statement("SMM", MODELLED, "SMI by user space, RSM, the MMU resets of both, leaving and entering L2 since v4.15 (`host smi`)",
              "smm.c; vmx.c: vmx_enter_smm(), vmx_leave_smm()"),
    Statement("SMM", SIMPLIFIED, "the state-save area is no memory, and SMRAM no address space of its own",
              "the handler is what a person injects; what flushes is the MMU's reset"),
    Statement("SMM", LEFT_OUT, "an SMI in L2 before v4.15 (refused); SMIs of the host's own processor",
              "there the handler ran as L2; the dual-monitor treatment is nobody's"),
    Statement("roots", MODELLED, "root_mmu and guest_mmu, cached roots, write protection, unsync pages", "mmu.c"),
    Statement("roots", SIMPLIFIED, "shadow pages are never reclaimed", "memory is not short here"),
    Statement("roots", SIMPLIFIED, "L1's direct root is the shadow MMU's; v6.12 would use the TDP MMU there",
              "the same SPTEs and the same flushes; what differs is locking"),
    Statement("roots", LEFT_OUT, "write-flooding detection, prefetched SPTEs, obsolete roots",
              "they change when a table is shadowed, not what a flush must reach"),
    Statement("nested VMX", SIMPLIFIED,
              "KVM checks vmcs12 with the processor's own table of checks, on every kernel, all before L2's MMU is set up",
              "v4.4 made fewer of them; v6.12 leaves some to the processor: an illegal vmcs12 can end otherwise there"),
    Statement("nested VMX", SIMPLIFIED,
              "vmcs02 is one per vCPU and lives from VMXON; v4.3 and v4.4 freed it at VMCLEAR of its vmcs12",
              "there, the entry after such a VMCLEAR asks for one more KVM_REQ_TLB_FLUSH than the model shows"),
    Statement("nested VMX", SIMPLIFIED, "CR0 and CR4 bits trap except CR4.PGE; v6.12 lets the guest own CR0.WP as well",
              "the extra exit flushes nothing"),
    Statement("nested VMX", SIMPLIFIED,
              "on old kernels the division into functions is the newest one's, the order of effects is their own",
              "so one backtrace can be read against the next"),
    Statement("edits", SIMPLIFIED,
              "`map`, `pte` and `poke` write at once: the exit with which KVM traps a write to a shadowed table is left out",
              "what KVM does to its shadows is done; a request that it makes waits for the next VM entry"),
    Statement("statistics", SIMPLIFIED, "a subset, with v6.12's names where an older kernel had none",
              "counting rules of each era come with its kernel"),
    Statement("VPIDs", SIMPLIFIED, "INVVPID of vpid01 at vCPU reset and INVEPT when VMX is enabled are not issued",
              "the machine starts after both, with an empty TLB"),
    Statement("VPIDs", MODELLED, "the bitmap, vpid01, vpid02, last_vpid", "vmx.c: allocate_vpid(); nested.c"),
    Statement("interrupts", LEFT_OUT, "interrupts of guests: their APIC, NMI, SMI, IPIs",
              "the commit of 2011 brings them (KVM_REQ_IMMEDIATE_EXIT)"),
    # -- The machine as a whole ------------------------------------------------------------------------------------------
    Statement("machine", LEFT_OUT, "several vCPUs or host CPUs (refused)",
              "races need a schedule; the actions are split already where they can happen"),
    Statement("machine", LEFT_OUT, "shadow paging: enable_ept=0 (refused)", "a later issue"),
    Statement("machine", LEFT_OUT, "AMD SVM (refused)", "a later issue"),
    Statement("machine", LEFT_OUT, "time: nothing takes any", "events are counted, not cycles"),
    # -- The oracle --------------------------------------------------------------------------------------------------------
    Statement("verdicts", MODELLED,
              "fresh, stale, forbidden: each cached translation against the present tables of L1 and L2, EPT12, EPT01 and EPT02",
              "SDM Vol. 3A 4.10.4, Vol. 3C 29.4.3: who must invalidate what, and until when an old translation may be used"),
    Statement("verdicts", MODELLED, "windows by component: a combined mapping that is gone does not end the window of its EPT part",
              "SDM Vol. 3C 29.4.3.1: INVVPID leaves guest-physical mappings, from which a combined one may be filled again"),
    Statement("verdicts", MODELLED, "what each flush was worth: fresh, stale and forbidden among what it dropped (`info flushes`)",
              "judged just before the flush; one that dropped fresh ones only is excess"),
    Statement("verdicts", SIMPLIFIED, "nothing is cached by speculation: a level's processor could cache only while the level ran",
              "a real one may also cache on its own; the model would have to guess when"),
    Statement("verdicts", SIMPLIFIED, "what the paging-structure caches could keep is not judged", "the model has none of them"),
    Statement("verdicts", SIMPLIFIED, "A and D flags do not matter, and fewer rights in the cache than in the tables are fresh",
              "both cost a spurious fault or a lost flag at most, and the manual allows the one fault"),
    Statement("verdicts", SIMPLIFIED, "where several parts of a translation differ, one is named, a forbidden one first",
              "one flush that was owed is enough to look for"),
    Statement("verdicts", LEFT_OUT, "linear mappings of guests under shadow paging; `break excess`",
              "shadow paging is a later issue; whether a flush was excess is known at the next VM entry only"),
)
