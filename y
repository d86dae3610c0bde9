# A state of kvmdbg: `load state FILE` brings it back.  What follows a # is for the reader.
# saved at #363, digest fde2a96123b72d39
format = 1
kernel = "v6.12"
machine = ""

[cached_vmcs12]
(0, -1) = 0x11e57ed0
(0, VIRTUAL_PROCESSOR_ID) = 1
(0, GUEST_ES_SELECTOR) = 0x18
(0, GUEST_CS_SELECTOR) = 0x10
(0, GUEST_SS_SELECTOR) = 0x18
(0, GUEST_DS_SELECTOR) = 0x18
(0, GUEST_FS_SELECTOR) = 0x18
(0, GUEST_GS_SELECTOR) = 0x18
(0, GUEST_TR_SELECTOR) = 0x40
(0, HOST_ES_SELECTOR) = 0x18
(0, HOST_CS_SELECTOR) = 0x10
(0, HOST_SS_SELECTOR) = 0x18
(0, HOST_DS_SELECTOR) = 0x18
(0, HOST_TR_SELECTOR) = 0x40
(0, VMCS_LINK_POINTER) = ~0
(0, GUEST_IA32_EFER) = 0xd01  # SCE LME LMA NXE
(0, HOST_IA32_EFER) = 0xd01  # SCE LME LMA NXE
(0, PIN_BASED_VM_EXEC_CONTROL) = 0x17  # EXTERNAL_INTERRUPT_EXITING 0x2 0x4 0x10
(0, CPU_BASED_VM_EXEC_CONTROL) = 0x840061f2  # 0x2 0x10 0x20 0x40 HLT_EXITING 0x100 0x2000 0x4000 0x4000000 SECONDARY_CONTROLS
(0, VM_EXIT_CONTROLS) = 0x336ffb  # 0x1 0x2 0x8 0x10 0x20 0x40 0x80 0x100 HOST_ADDR_SPACE_SIZE 0x400 0x800 0x2000 0x4000 0x10000 0x20000 SAVE_IA32_EFER LOAD_IA32_EFER
(0, VM_ENTRY_CONTROLS) = 0x93fb  # 0x1 0x2 0x8 0x10 0x20 0x40 0x80 0x100 IA32E_MODE 0x1000 LOAD_IA32_EFER
(0, SECONDARY_VM_EXEC_CONTROL) = 0x20  # ENABLE_VPID
(0, GUEST_ES_LIMIT) = 0xffffffff
(0, GUEST_CS_LIMIT) = 0xffffffff
(0, GUEST_SS_LIMIT) = 0xffffffff
(0, GUEST_DS_LIMIT) = 0xffffffff
(0, GUEST_FS_LIMIT) = 0xffffffff
(0, GUEST_GS_LIMIT) = 0xffffffff
(0, GUEST_TR_LIMIT) = 0x67
(0, GUEST_ES_AR_BYTES) = 0xc093
(0, GUEST_CS_AR_BYTES) = 0xa09b
(0, GUEST_SS_AR_BYTES) = 0xc093
(0, GUEST_DS_AR_BYTES) = 0xc093
(0, GUEST_FS_AR_BYTES) = 0xc093
(0, GUEST_GS_AR_BYTES) = 0xc093
(0, GUEST_LDTR_AR_BYTES) = 0x10000
(0, GUEST_TR_AR_BYTES) = 0x8b
(0, CR0_READ_SHADOW) = 0x80050033
(0, CR4_READ_SHADOW) = 0x20a0
(0, GUEST_CR0) = 0x80050033  # PE MP ET NE WP AM PG
(0, GUEST_CR3) = 0x1000
(0, GUEST_CR4) = 0x20a0  # PAE PGE VMXE
(0, GUEST_DR7) = 0x400
(0, GUEST_RSP) = 0x90000
(0, GUEST_RIP) = 0x200000
(0, GUEST_RFLAGS) = 2  # RESERVED1
(0, HOST_CR0) = 0x80050033  # PE MP ET NE WP AM PG
(0, HOST_CR3) = 0x1000
(0, HOST_CR4) = 0x20a0  # PAE PGE VMXE
(0, HOST_RIP) = 0x110000

[clock]
tsc = 0

[cpu0]
activity = 0
blocking = 0
cr0 = 0x80050033  # PE MP ET NE WP AM PG
cr2 = 0x1000
cr3 = 0x1000
cr4 = 0x20a0  # PAE PGE VMXE
current_vmcs = 0xf0000000
debugctl = 0
descriptors = Descriptors(
  es=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093),
  cs=Segment(selector=0x10, base=0, limit=0xffffffff, ar=0xa09b),
  ss=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093),
  ds=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093),
  fs=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093),
  gs=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093),
  ldtr=Segment(selector=0, base=0, limit=0, ar=0x10000),
  tr=Segment(selector=0x40, base=0, limit=0x67, ar=0x8b),
  gdtr_base=0,
  gdtr_limit=0,
  idtr_base=0,
  idtr_limit=0,
  sysenter_cs=0,
  sysenter_esp=0,
  sysenter_eip=0,
)
dr7 = 0x400
efer = 0xd01  # SCE LME LMA NXE
eptp = 0x10000105e
exit_insn = Insn("vmcall")
fills = 1
id = 0
pat = 0x7040600070406
pdptes = (0, 0, 0, 0)
rax = 0xfffffffffffffc18
rflags = 2  # RESERVED1
rip = 0x10000a
rsp = 0x80000
vmx = "non-root"
vmxon_pointer = 0xeff00000
vpid = 1

[cpu0.pending]
debug = 0
irr = 0
mtf = False
nmi = False
timer = -1

[frames]
0x100000000 = "guest page 0x3"
0x100001000 = "EPT01 level 4 gfn 0x0"
0x100002000 = "vmcs02 of vcpu0"
0x100003000 = "guest page 0x4"
0x100004000 = "guest page 0x1"
0x100005000 = "EPT01 level 3 gfn 0x0"
0x100006000 = "EPT01 level 2 gfn 0x0"
0x100007000 = "EPT01 level 1 gfn 0x0"

[free_frames]
0x100008000 = "never used"

[gfn of frame]
0x100000000 = 3
0x100003000 = 4
0x100004000 = 1

[guest pages]
1 = 0x100004000
3 = 0x100000000
4 = 0x100003000

[launch_state]
0xf0000000 = "launched"
0x100002000 = "clear"

[memory]
# 0xeff00000: memory
0xeff00000 = 0x11e57ed0
# 0x100000000: guest page 0x3000
0x100000000 = 0x11e57ed0
# 0x100001000: EPT01 level 4 gfn 0x0
0x100001000 = 0x100005107
# 0x100003000: guest page 0x4000
0x100003000 = 0x11e57ed0
0x1000030b0 = ~0
0x1000030c8 = 0xd01
0x100003108 = 0xd01
0x100003168 = 0x80050033
0x100003170 = 0x20a0
0x1000031a8 = 0x80050033
0x1000031b0 = 0x1000
0x1000031b8 = 0x20a0
0x100003210 = 0x400
0x100003218 = 0x90000
0x100003220 = 0x200000
0x100003228 = 2
0x100003248 = 0x80050033
0x100003250 = 0x1000
0x100003258 = 0x20a0
0x1000032a0 = 0x110000
0x1000032e8 = 0x840061f200000017
0x100003300 = 0x336ffb
0x100003308 = 0x93fb00000000
0x100003320 = 0x2000000000
0x100003348 = ~0
0x100003350 = ~0
0x100003358 = ~0
0x100003360 = 0x6700000000
0x100003370 = 0xa09b0000c093
0x100003378 = 0xc0930000c093
0x100003380 = 0xc0930000c093
0x100003388 = 0x8b00010000
0x1000033c0 = 0x10001800000001
0x1000033c8 = 0x18001800180018
0x1000033d0 = 0x18000000400000
0x1000033d8 = 0x1800180010
0x1000033e0 = 0x400000
# 0x100005000: EPT01 level 3 gfn 0x0
0x100005000 = 0x100006107
# 0x100006000: EPT01 level 2 gfn 0x0
0x100006000 = 0x100007107
# 0x100007000: EPT01 level 1 gfn 0x0
0x100007008 = 0x100004377

[memslots]
0 = 0x40000

[rmap]
1 = (0x100007008,)

[shadow pages]
ShadowKey(role=MmuRole(kind="direct", guest_mode=False, ad_disabled=False, cr0_wp=False, efer_nx=False, smep_andnot_wp=False, smap_andnot_wp=False), direct=True, level=1, gfn=0, access=7) = ShadowPage(
  hpa=0x100007000,
  unsync=False,
)
ShadowKey(role=MmuRole(kind="direct", guest_mode=False, ad_disabled=False, cr0_wp=False, efer_nx=False, smep_andnot_wp=False, smap_andnot_wp=False), direct=True, level=2, gfn=0, access=7) = ShadowPage(
  hpa=0x100006000,
  unsync=False,
)
ShadowKey(role=MmuRole(kind="direct", guest_mode=False, ad_disabled=False, cr0_wp=False, efer_nx=False, smep_andnot_wp=False, smap_andnot_wp=False), direct=True, level=3, gfn=0, access=7) = ShadowPage(
  hpa=0x100005000,
  unsync=False,
)
ShadowKey(role=MmuRole(kind="direct", guest_mode=False, ad_disabled=False, cr0_wp=False, efer_nx=False, smep_andnot_wp=False, smap_andnot_wp=False), direct=True, level=4, gfn=0, access=7) = ShadowPage(
  hpa=0x100001000,
  unsync=False,
)

[stats]
(-1, "pages_4k") = 1
(0, "exits") = 4
(0, "hypercalls") = 1
(0, "pf_fixed") = 1
(0, "pf_taken") = 1
(0, "tlb_flush") = 1

[tlb0]
TlbKey(kind="guest-physical", vpid=-1, pcid=-1, ep4ta=0x100001, page=0x1000, size=0x1000, table_level=0) = TlbEntry(
  frame=0x100004000,
  read=True,
  write=True,
  execute=True,
  user=True,
  dirty=True,
  gpa=-1,
  pcid=-1,
  age=0,
  guest=7,
  ept=7,
  span=0x1000,
  apic=False,
)

[vcpu0]
at_instruction_boundary = False
cpu = 0
cr0 = 0x80050033  # PE MP ET NE WP AM PG
cr3 = 0x1000
cr3_dirty = False
cr4 = 0x20a0  # PAE PGE VMXE
current_vmptr = 0x4000
dirty_vmcs12 = True
efer = 0xd01  # SCE LME LMA NXE
emulation_required = False
exception = None
executes_code = False
exit_insn = Insn("vmcall")
exit_to_user = ""
fail = 0
guest_mode = False
id = 0
last_vpid = 0
loaded_vmcs = "vmcs01"
mmu = "root_mmu"
mode = "IN_GUEST_MODE"
mp_state = "RUNNABLE"
nested_run_pending = False
next_cpu = 0
pdptrs = (0, 0, 0, 0)
pdptrs_dirty = False
program = Program()
rax = 0xfffffffffffffc18
requests = 0
retries = 0
saved_nested_state = None
saved_state = None
smi_pending = False
smm = False
smm_guest_mode = False
smm_vmxon = False
smram = None
steal_time = 0
todo = ("guest",)
vmcs01_cpu = 0
vmcs01_launched = True
vmcs02 = 0x100002000
vmcs02_cpu = -1
vmcs02_launched = False
vmcs02_vmptr = ~0
vmxon = True
vmxon_ptr = 0x3000
vpid = 1
vpid02 = 2

[vcpu0.events]
exception_from_userspace = False
exception_vmexit = None
exits_at_once = 0
immediate_exit = False
init_pending = False
injected = Injected(info=0, error_code=0, length=0)
irr = 0
mtf_pending = False
nmi_pending = 0
nmi_queued = 0
parked = ()
sipi = -1
timer = -1
timer_expired = False

[vcpu0.guest_mmu]
prev_roots = (
  Root(
    pgd=0,
    hpa=~0,
    role=MmuRole(kind="direct", guest_mode=False, ad_disabled=False, cr0_wp=False, efer_nx=False, smep_andnot_wp=False, smap_andnot_wp=False),
  ),
  Root(
    pgd=0,
    hpa=~0,
    role=MmuRole(kind="direct", guest_mode=False, ad_disabled=False, cr0_wp=False, efer_nx=False, smep_andnot_wp=False, smap_andnot_wp=False),
  ),
  Root(
    pgd=0,
    hpa=~0,
    role=MmuRole(kind="direct", guest_mode=False, ad_disabled=False, cr0_wp=False, efer_nx=False, smep_andnot_wp=False, smap_andnot_wp=False),
  ),
)
role = MmuRole(kind="direct", guest_mode=False, ad_disabled=False, cr0_wp=False, efer_nx=False, smep_andnot_wp=False, smap_andnot_wp=False)
root = Root(
  pgd=0,
  hpa=~0,
  role=MmuRole(kind="direct", guest_mode=False, ad_disabled=False, cr0_wp=False, efer_nx=False, smep_andnot_wp=False, smap_andnot_wp=False),
)

[vcpu0.root_mmu]
prev_roots = (
  Root(
    pgd=0,
    hpa=~0,
    role=MmuRole(kind="direct", guest_mode=False, ad_disabled=False, cr0_wp=False, efer_nx=False, smep_andnot_wp=False, smap_andnot_wp=False),
  ),
  Root(
    pgd=0,
    hpa=~0,
    role=MmuRole(kind="direct", guest_mode=False, ad_disabled=False, cr0_wp=False, efer_nx=False, smep_andnot_wp=False, smap_andnot_wp=False),
  ),
  Root(
    pgd=0,
    hpa=~0,
    role=MmuRole(kind="direct", guest_mode=False, ad_disabled=False, cr0_wp=False, efer_nx=False, smep_andnot_wp=False, smap_andnot_wp=False),
  ),
)
role = MmuRole(kind="direct", guest_mode=False, ad_disabled=False, cr0_wp=False, efer_nx=False, smep_andnot_wp=False, smap_andnot_wp=False)
root = Root(
  pgd=0,
  hpa=0x100001000,
  role=MmuRole(kind="direct", guest_mode=False, ad_disabled=False, cr0_wp=False, efer_nx=False, smep_andnot_wp=False, smap_andnot_wp=False),
)

[vmcs]
# vmcs01 of vcpu0 at 0xf0000000
(0xf0000000, VIRTUAL_PROCESSOR_ID) = 1
(0xf0000000, GUEST_ES_SELECTOR) = 0x18
(0xf0000000, GUEST_CS_SELECTOR) = 0x10
(0xf0000000, GUEST_SS_SELECTOR) = 0x18
(0xf0000000, GUEST_DS_SELECTOR) = 0x18
(0xf0000000, GUEST_FS_SELECTOR) = 0x18
(0xf0000000, GUEST_GS_SELECTOR) = 0x18
(0xf0000000, GUEST_TR_SELECTOR) = 0x40
(0xf0000000, HOST_ES_SELECTOR) = 0x18
(0xf0000000, HOST_CS_SELECTOR) = 0x10
(0xf0000000, HOST_SS_SELECTOR) = 0x18
(0xf0000000, HOST_DS_SELECTOR) = 0x18
(0xf0000000, HOST_TR_SELECTOR) = 0x40
(0xf0000000, EPT_POINTER) = 0x10000105e
(0xf0000000, GUEST_PHYSICAL_ADDRESS) = 0x1000
(0xf0000000, VMCS_LINK_POINTER) = ~0
(0xf0000000, GUEST_IA32_EFER) = 0xd01  # SCE LME LMA NXE
(0xf0000000, HOST_IA32_EFER) = 0xd01  # SCE LME LMA NXE
(0xf0000000, PIN_BASED_VM_EXEC_CONTROL) = 0x3f  # EXTERNAL_INTERRUPT_EXITING 0x2 0x4 NMI_EXITING 0x10 VIRTUAL_NMIS
(0xf0000000, CPU_BASED_VM_EXEC_CONTROL) = 0x850061fa  # 0x2 TSC_OFFSETTING 0x10 0x20 0x40 HLT_EXITING 0x100 0x2000 0x4000 UNCOND_IO_EXITING 0x4000000 SECONDARY_CONTROLS
(0xf0000000, EXCEPTION_BITMAP) = 0x40
(0xf0000000, VM_EXIT_CONTROLS) = 0x33effb  # 0x1 0x2 0x8 0x10 0x20 0x40 0x80 0x100 HOST_ADDR_SPACE_SIZE 0x400 0x800 0x2000 0x4000 ACK_INTR_ON_EXIT 0x10000 0x20000 SAVE_IA32_EFER LOAD_IA32_EFER
(0xf0000000, VM_ENTRY_CONTROLS) = 0x93fb  # 0x1 0x2 0x8 0x10 0x20 0x40 0x80 0x100 IA32E_MODE 0x1000 LOAD_IA32_EFER
(0xf0000000, SECONDARY_VM_EXEC_CONTROL) = 0x30aa  # ENABLE_EPT ENABLE_RDTSCP ENABLE_VPID UNRESTRICTED_GUEST ENABLE_INVPCID ENABLE_VMFUNC
(0xf0000000, VM_EXIT_REASON) = 0x12  # VMCALL
(0xf0000000, VM_EXIT_INSTRUCTION_LEN) = 3
(0xf0000000, VMX_INSTRUCTION_INFO) = 0x8418100
(0xf0000000, GUEST_ES_LIMIT) = 0xffffffff
(0xf0000000, GUEST_CS_LIMIT) = 0xffffffff
(0xf0000000, GUEST_SS_LIMIT) = 0xffffffff
(0xf0000000, GUEST_DS_LIMIT) = 0xffffffff
(0xf0000000, GUEST_FS_LIMIT) = 0xffffffff
(0xf0000000, GUEST_GS_LIMIT) = 0xffffffff
(0xf0000000, GUEST_TR_LIMIT) = 0x67
(0xf0000000, GUEST_ES_AR_BYTES) = 0xc093
(0xf0000000, GUEST_CS_AR_BYTES) = 0xa09b
(0xf0000000, GUEST_SS_AR_BYTES) = 0xc093
(0xf0000000, GUEST_DS_AR_BYTES) = 0xc093
(0xf0000000, GUEST_FS_AR_BYTES) = 0xc093
(0xf0000000, GUEST_GS_AR_BYTES) = 0xc093
(0xf0000000, GUEST_LDTR_AR_BYTES) = 0x10000
(0xf0000000, GUEST_TR_AR_BYTES) = 0x8b
(0xf0000000, CR0_GUEST_HOST_MASK) = 0xfffffffffffefff7
(0xf0000000, CR4_GUEST_HOST_MASK) = 0xffffffffffffff7f
(0xf0000000, CR0_READ_SHADOW) = 0x80050033
(0xf0000000, CR4_READ_SHADOW) = 0x20a0
(0xf0000000, GUEST_LINEAR_ADDRESS) = 0x1000
(0xf0000000, GUEST_CR0) = 0x80050033  # PE MP ET NE WP AM PG
(0xf0000000, GUEST_CR3) = 0x1000
(0xf0000000, GUEST_CR4) = 0x20a0  # PAE PGE VMXE
(0xf0000000, GUEST_DR7) = 0x400
(0xf0000000, GUEST_RSP) = 0x80000
(0xf0000000, GUEST_RIP) = 0x10000a
(0xf0000000, GUEST_RFLAGS) = 2  # RESERVED1
(0xf0000000, HOST_CR0) = 0x80050033  # PE MP ET NE WP AM PG
(0xf0000000, HOST_CR3) = 0xa000000
(0xf0000000, HOST_CR4) = 0x3726e0  # PAE MCE PGE OSFXSR OSXMMEXCPT VMXE FSGSBASE PCIDE OSXSAVE SMEP SMAP
(0xf0000000, HOST_RIP) = 0xffffffff81000000

[vmx_vpid_bitmap]
1 = "vcpu0 vpid01"
2 = "vcpu0 vpid02"

[history]
cursor = 363
stop = 321
mark = (0, 6, 0, "poke", "poke 0x3000 0x11e57ed0", True)
mark = (6, 7, 0, "inject", "inject vmxon 0x3000", True)
mark = (7, 0x10, 0, "vcpu_load", "vcpu0 vcpu_load", False)
mark = (0x10, 0x21, 0, "vcpu_enter_guest", "vcpu0 vcpu_enter_guest", False)
mark = (0x21, 0x24, 0, "disable_irqs", "vcpu0 disable_irqs", False)
mark = (0x24, 0x31, 0, "vmenter", "vcpu0 vmenter", False)
mark = (0x31, 0x44, 0, "guest", "vcpu0 guest", False)
mark = (0x44, 0x54, 0, "handle_exit", "vcpu0 handle_exit", False)
mark = (0x54, 0x55, 0, "vcpu_enter_guest", "vcpu0 vcpu_enter_guest", False)
mark = (0x55, 0x58, 0, "disable_irqs", "vcpu0 disable_irqs", False)
mark = (0x58, 0x63, 0, "vmenter", "vcpu0 vmenter", False)
mark = (0x63, 0x9a, 0, "vmcs12", "vmcs12 0x4000", True)
mark = (0x9a, 0x9b, 0, "inject", "inject vmptrld 0x4000", True)
mark = (0x9b, 0xad, 0, "guest", "vcpu0 guest", False)
mark = (0xad, 0xe7, 0, "handle_exit", "vcpu0 handle_exit", False)
mark = (0xe7, 0xe8, 0, "vcpu_enter_guest", "vcpu0 v=cpu_enter_guest", False)
mark = (0xe8, 0xeb, 0, "disable_irqs", "vcpu0 disable_irqs", False)
mark = (0xeb, 0xf6, 0, "vmenter", "vcpu0 vmenter", False)
mark = (0xf6, 0xf7, 0, "inject", "inject load 0x1000", True)
mark = (0xf7, 0x10c, 0, "guest", "vcpu0 guest", False)
mark = (0x10c, 0x127, 0, "handle_exit", "vcpu0 handle_exit", False)
mark = (0x127, 0x128, 0, "vcpu_enter_guest", "vcpu0 vcpu_enter_guest", False)
mark = (0x128, 0x12b, 0, "disable_irqs", "vcpu0 disable_irqs", False)
mark = (0x12b, 0x136, 0, "vmenter", "vcpu0 vmenter", False)
mark = (0x136, 0x141, 0, "guest", "vcpu0 guest", False)
mark = (0x141, 0x142, 0, "inject", "inject vmcall", True)
mark = (0x142, 0x154, 0, "guest", "vcpu0 guest", False)
mark = (0x154, 0x15b, 0, "handle_exit", "vcpu0 handle_exit", False)
mark = (0x15b, 0x15c, 0, "vcpu_enter_guest", "vcpu0 vcpu_enter_guest", False)
mark = (0x15c, 0x15f, 0, "disable_irqs", "vcpu0 disable_irqs", False)
mark = (0x15f, 0x16b, 0, "vmenter", "vcpu0 vmenter", False)
event = GuestWrote(level="L1", gpa=0x3000, old=0, new=0x11e57ed0)  # 0
was = ("frames", 0x100000000, ABSENT)
wrote = ("frames", 0x100000000, "guest page 0x3")  # 1
was = ("free_frames", 0x100001000, ABSENT)
wrote = ("free_frames", 0x100001000, "never used")  # 2
was = ("guest pages", 3, ABSENT)
wrote = ("guest pages", 3, 0x100000000)  # 3
was = ("gfn of frame", 0x100000000, ABSENT)
wrote = ("gfn of frame", 0x100000000, 3)  # 4
was = ("memory", 0x100000000, ABSENT)
wrote = ("memory", 0x100000000, 0x11e57ed0)  # 5
was = ("vcpu0", "program", Program())
wrote = ("vcpu0", "program", Program(Insn("vmxon 0x3000")))  # 6
was = ("vcpu0", "cpu", -1)
wrote = ("vcpu0", "cpu", 0)  # 7
event = Decided(vcpu=0, function="vmx_vcpu_load_vmcs", question="is vmcs01 new to this processor?", answer="yes", values="loaded_vmcs->cpu -1, now 0", source="vmx.c: vmx_vcpu_load_vmcs(); vmx_vcpu_load() before v5.3")  # 8
was = ("cpu0", "current_vmcs", ~0)
wrote = ("cpu0", "current_vmcs", 0xf0000000)  # 9
event = RequestMade(vcpu=0, name="TLB_FLUSH", by="vmx_vcpu_load_vmcs")  # 10
was = ("vcpu0", "requests", 0)
wrote = ("vcpu0", "requests", 1)  # 11
was = ("vcpu0", "vmcs01_cpu", -1)
wrote = ("vcpu0", "vmcs01_cpu", 0)  # 12
event = RequestMade(vcpu=0, name="STEAL_UPDATE", by="kvm_arch_vcpu_load")  # 13
wrote = ("vcpu0", "requests", 0x10001)  # 14
was = ("vcpu0", "todo", ("vcpu_load", "vcpu_enter_guest"))
wrote = ("vcpu0", "todo", ("vcpu_enter_guest",))  # 15
event = RequestServiced(vcpu=0, name="TLB_FLUSH")  # 16
wrote = ("vcpu0", "requests", 0x10000)  # 17
was = ("stats", (0, "tlb_flush"), ABSENT)
wrote = ("stats", (0, "tlb_flush"), 1)  # 18
event = FlushAsked(vcpu=0, by="KVM_REQ_TLB_FLUSH", hook="flush_tlb_all", scope="all contexts")  # 19
event = Invalidated(cpu=0, by="invept", type="all-context", vpid=-1, pcid=-1, ep4ta=-1, address=-1, dropped=())  # 20
event = RequestServiced(vcpu=0, name="STEAL_UPDATE")  # 21
wrote = ("vcpu0", "requests", 0)  # 22
wrote = ("free_frames", 0x100001000, ABSENT)  # 23
was = ("frames", 0x100001000, ABSENT)
wrote = ("frames", 0x100001000, "EPT01 level 4 gfn 0x0")  # 24
was = ("free_frames", 0x100002000, ABSENT)
wrote = ("free_frames", 0x100002000, "never used")  # 25
was = ("shadow pages", ShadowKey(role=MmuRole(kind="direct", guest_mode=False, ad_disabled=False, cr0_wp=False, efer_nx=False, smep_andnot_wp=False, smap_andnot_wp=False), direct=True, level=4, gfn=0, access=7), ABSENT)
wrote = ("shadow pages", ShadowKey(role=MmuRole(kind="direct", guest_mode=False, ad_disabled=False, cr0_wp=False, efer_nx=False, smep_andnot_wp=False, smap_andnot_wp=False), direct=True, level=4, gfn=0, access=7), ShadowPage(hpa=0x100001000, unsync=False))  # 26
event = RootAllocated(vcpu=0, mmu="root_mmu", hpa=0x100001000, pgd=0, found=False)  # 27
was = ("vcpu0.root_mmu", "root", Root(pgd=0, hpa=~0, role=MmuRole(kind="direct", guest_mode=False, ad_disabled=False, cr0_wp=False, efer_nx=False, smep_andnot_wp=False, smap_andnot_wp=False)))
wrote = ("vcpu0.root_mmu", "root", Root(pgd=0, hpa=0x100001000, role=MmuRole(kind="direct", guest_mode=False, ad_disabled=False, cr0_wp=False, efer_nx=False, smep_andnot_wp=False, smap_andnot_wp=False)))  # 28
was = ("vmcs", (0xf0000000, 0x201a), ABSENT)
wrote = ("vmcs", (0xf0000000, 0x201a), 0x10000105e)  # 29
event = FlushAsked(vcpu=0, by="root load", hook="flush_tlb_current", scope="the context of the new root")  # 30
event = Invalidated(cpu=0, by="invept", type="single-context", vpid=-1, pcid=-1, ep4ta=0x100001, address=-1, dropped=())  # 31
wrote = ("vcpu0", "todo", ("disable_irqs",))  # 32
event = ModeChanged(vcpu=0, mode="IN_GUEST_MODE")  # 33
was = ("vcpu0", "mode", "OUTSIDE_GUEST_MODE")
wrote = ("vcpu0", "mode", "IN_GUEST_MODE")  # 34
wrote = ("vcpu0", "todo", ("vmenter",))  # 35
event = Decided(vcpu=0, function="kvm_vcpu_exit_request", question="cancel this entry?", answer="no", values="mode IN_GUEST_MODE, requests 0x0", source="x86.c: vcpu_enter_guest(), the check with interrupts off")  # 36
event = VmEntered(cpu=0, vmcs=0xf0000000, vpid=1, eptp=0x10000105e)  # 37
was = ("cpu0", "cr3", 0xa000000)
wrote = ("cpu0", "cr3", 0x1000)  # 38
was = ("cpu0", "cr4", 0x3726e0)
wrote = ("cpu0", "cr4", 0x20a0)  # 39
was = ("cpu0", "descriptors", Descriptors(es=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), cs=Segment(selector=0x10, base=0, limit=0xffffffff, ar=0xa09b), ss=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), ds=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), fs=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), gs=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), ldtr=Segment(selector=0, base=0, limit=0, ar=0x10000), tr=Segment(selector=0x40, base=0, limit=0x67, ar=0x8b), gdtr_base=0, gdtr_limit=0xffff, idtr_base=0, idtr_limit=0xffff, sysenter_cs=0, sysenter_esp=0, sysenter_eip=0))
wrote = ("cpu0", "descriptors", Descriptors(es=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), cs=Segment(selector=0x10, base=0, limit=0xffffffff, ar=0xa09b), ss=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), ds=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), fs=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), gs=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), ldtr=Segment(selector=0, base=0, limit=0, ar=0x10000), tr=Segment(selector=0x40, base=0, limit=0x67, ar=0x8b), gdtr_base=0, gdtr_limit=0, idtr_base=0, idtr_limit=0, sysenter_cs=0, sysenter_esp=0, sysenter_eip=0))  # 40
was = ("cpu0", "rsp", 0)
wrote = ("cpu0", "rsp", 0x80000)  # 41
was = ("cpu0", "rip", 0xffffffff81000000)
wrote = ("cpu0", "rip", 0x100000)  # 42
was = ("launch_state", 0xf0000000, "clear")
wrote = ("launch_state", 0xf0000000, "launched")  # 43
was = ("cpu0", "vmx", "root")
wrote = ("cpu0", "vmx", "non-root")  # 44
was = ("cpu0", "vpid", 0)
wrote = ("cpu0", "vpid", 1)  # 45
was = ("cpu0", "eptp", 0)
wrote = ("cpu0", "eptp", 0x10000105e)  # 46
was = ("vcpu0", "vmcs01_launched", False)
wrote = ("vcpu0", "vmcs01_launched", True)  # 47
wrote = ("vcpu0", "todo", ("guest",))  # 48
event = VmExited(cpu=0, vmcs=0xf0000000, reason=0x1b, qualification=0)  # 49
was = ("vmcs", (0xf0000000, 0x4402), ABSENT)
wrote = ("vmcs", (0xf0000000, 0x4402), 0x1b)  # 50
was = ("vmcs", (0xf0000000, 0x440c), ABSENT)
wrote = ("vmcs", (0xf0000000, 0x440c), 4)  # 51
was = ("vmcs", (0xf0000000, 0x440e), ABSENT)
wrote = ("vmcs", (0xf0000000, 0x440e), 0x8418100)  # 52
wrote = ("cpu0", "vmx", "root")  # 53
wrote = ("cpu0", "vpid", 0)  # 54
wrote = ("cpu0", "eptp", 0)  # 55
wrote = ("cpu0", "cr3", 0xa000000)  # 56
wrote = ("cpu0", "cr4", 0x3726e0)  # 57
wrote = ("cpu0", "descriptors", Descriptors(es=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), cs=Segment(selector=0x10, base=0, limit=0xffffffff, ar=0xa09b), ss=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), ds=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), fs=Segment(selector=0, base=0, limit=0xffffffff, ar=0x1c093), gs=Segment(selector=0, base=0, limit=0xffffffff, ar=0x1c093), ldtr=Segment(selector=0, base=0, limit=0, ar=0x10000), tr=Segment(selector=0x40, base=0, limit=0x67, ar=0x8b), gdtr_base=0, gdtr_limit=0xffff, idtr_base=0, idtr_limit=0xffff, sysenter_cs=0, sysenter_esp=0, sysenter_eip=0))  # 58
wrote = ("cpu0", "rsp", 0)  # 59
wrote = ("cpu0", "rip", 0xffffffff81000000)  # 60
was = ("cpu0", "exit_insn", Insn(name="", operands=(), text="", length=3))
wrote = ("cpu0", "exit_insn", Insn("vmxon 0x3000"))  # 61
was = ("vcpu0", "retries", 0)
wrote = ("vcpu0", "retries", 1)  # 62
was = ("vcpu0", "exit_insn", Insn(name="", operands=(), text="", length=3))
wrote = ("vcpu0", "exit_insn", Insn("vmxon 0x3000"))  # 63
event = ModeChanged(vcpu=0, mode="OUTSIDE_GUEST_MODE")  # 64
wrote = ("vcpu0", "mode", "OUTSIDE_GUEST_MODE")  # 65
was = ("stats", (0, "exits"), ABSENT)
wrote = ("stats", (0, "exits"), 1)  # 66
wrote = ("vcpu0", "todo", ("handle_exit",))  # 67
event = ExitHandled(vcpu=0, level=1, reason=0x1b, qualification=0)  # 68
was = ("vcpu0", "vmxon_ptr", ~0)
wrote = ("vcpu0", "vmxon_ptr", 0x3000)  # 69
wrote = ("free_frames", 0x100002000, ABSENT)  # 70
was = ("frames", 0x100002000, ABSENT)
wrote = ("frames", 0x100002000, "vmcs02 of vcpu0")  # 71
was = ("free_frames", 0x100003000, ABSENT)
wrote = ("free_frames", 0x100003000, "never used")  # 72
was = ("vcpu0", "vmcs02", ~0)
wrote = ("vcpu0", "vmcs02", 0x100002000)  # 73
was = ("launch_state", 0x100002000, ABSENT)
wrote = ("launch_state", 0x100002000, "clear")  # 74
was = ("vmx_vpid_bitmap", 2, ABSENT)
wrote = ("vmx_vpid_bitmap", 2, "vcpu0 vpid02")  # 75
event = VpidAllocated(vcpu=0, vpid=2)  # 76
was = ("vcpu0", "vpid02", 0)
wrote = ("vcpu0", "vpid02", 2)  # 77
was = ("vcpu0", "vmxon", False)
wrote = ("vcpu0", "vmxon", True)  # 78
event = NestedSucceeded(vcpu=0, instruction="vmxon")  # 79
was = ("vmcs", (0xf0000000, 0x681e), 0x100000)
wrote = ("vmcs", (0xf0000000, 0x681e), 0x100004)  # 80
wrote = ("vcpu0", "program", Program())  # 81
wrote = ("vcpu0", "retries", 0)  # 82
wrote = ("vcpu0", "todo", ("vcpu_enter_guest",))  # 83
wrote = ("vcpu0", "todo", ("disable_irqs",))  # 84
event = ModeChanged(vcpu=0, mode="IN_GUEST_MODE")  # 85
wrote = ("vcpu0", "mode", "IN_GUEST_MODE")  # 86
wrote = ("vcpu0", "todo", ("vmenter",))  # 87
event = Decided(vcpu=0, function="kvm_vcpu_exit_request", question="cancel this entry?", answer="no", values="mode IN_GUEST_MODE, requests 0x0", source="x86.c: vcpu_enter_guest(), the check with interrupts off")  # 88
event = VmEntered(cpu=0, vmcs=0xf0000000, vpid=1, eptp=0x10000105e)  # 89
wrote = ("cpu0", "cr3", 0x1000)  # 90
wrote = ("cpu0", "cr4", 0x20a0)  # 91
wrote = ("cpu0", "descriptors", Descriptors(es=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), cs=Segment(selector=0x10, base=0, limit=0xffffffff, ar=0xa09b), ss=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), ds=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), fs=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), gs=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), ldtr=Segment(selector=0, base=0, limit=0, ar=0x10000), tr=Segment(selector=0x40, base=0, limit=0x67, ar=0x8b), gdtr_base=0, gdtr_limit=0, idtr_base=0, idtr_limit=0, sysenter_cs=0, sysenter_esp=0, sysenter_eip=0))  # 92
wrote = ("cpu0", "rsp", 0x80000)  # 93
wrote = ("cpu0", "rip", 0x100004)  # 94
wrote = ("cpu0", "vmx", "non-root")  # 95
wrote = ("cpu0", "vpid", 1)  # 96
wrote = ("cpu0", "eptp", 0x10000105e)  # 97
wrote = ("vcpu0", "todo", ("guest",))  # 98
wrote = ("free_frames", 0x100003000, ABSENT)  # 99
was = ("frames", 0x100003000, ABSENT)
wrote = ("frames", 0x100003000, "guest page 0x4")  # 100
was = ("free_frames", 0x100004000, ABSENT)
wrote = ("free_frames", 0x100004000, "never used")  # 101
was = ("guest pages", 4, ABSENT)
wrote = ("guest pages", 4, 0x100003000)  # 102
was = ("gfn of frame", 0x100003000, ABSENT)
wrote = ("gfn of frame", 0x100003000, 4)  # 103
was = ("memory", 0x100003000, ABSENT)
wrote = ("memory", 0x100003000, 0x11e57ed0)  # 104
was = ("memory", 0x1000032e8, ABSENT)
wrote = ("memory", 0x1000032e8, 0x17)  # 105
wrote = ("memory", 0x1000032e8, 0x840061f200000017)  # 106
was = ("memory", 0x100003300, ABSENT)
wrote = ("memory", 0x100003300, 0x336ffb)  # 107
was = ("memory", 0x100003308, ABSENT)
wrote = ("memory", 0x100003308, 0x93fb00000000)  # 108
was = ("memory", 0x1000030b0, ABSENT)
wrote = ("memory", 0x1000030b0, ~0)  # 109
was = ("memory", 0x100003248, ABSENT)
wrote = ("memory", 0x100003248, 0x80050033)  # 110
was = ("memory", 0x100003250, ABSENT)
wrote = ("memory", 0x100003250, 0x1000)  # 111
was = ("memory", 0x100003258, ABSENT)
wrote = ("memory", 0x100003258, 0x20a0)  # 112
was = ("memory", 0x100003108, ABSENT)
wrote = ("memory", 0x100003108, 0xd01)  # 113
was = ("memory", 0x1000032a0, ABSENT)
wrote = ("memory", 0x1000032a0, 0x110000)  # 114
was = ("memory", 0x1000033d8, ABSENT)
wrote = ("memory", 0x1000033d8, 0x10)  # 115
wrote = ("memory", 0x1000033d8, 0x180010)  # 116
wrote = ("memory", 0x1000033d8, 0x1800180010)  # 117
was = ("memory", 0x1000033d0, ABSENT)
wrote = ("memory", 0x1000033d0, 0x18000000000000)  # 118
was = ("memory", 0x1000033e0, ABSENT)
wrote = ("memory", 0x1000033e0, 0x400000)  # 119
was = ("memory", 0x1000031a8, ABSENT)
wrote = ("memory", 0x1000031a8, 0x80050033)  # 120
was = ("memory", 0x100003168, ABSENT)
wrote = ("memory", 0x100003168, 0x80050033)  # 121
was = ("memory", 0x1000031b0, ABSENT)
wrote = ("memory", 0x1000031b0, 0x1000)  # 122
was = ("memory", 0x1000031b8, ABSENT)
wrote = ("memory", 0x1000031b8, 0x20a0)  # 123
was = ("memory", 0x100003170, ABSENT)
wrote = ("memory", 0x100003170, 0x20a0)  # 124
was = ("memory", 0x1000030c8, ABSENT)
wrote = ("memory", 0x1000030c8, 0xd01)  # 125
was = ("memory", 0x100003220, ABSENT)
wrote = ("memory", 0x100003220, 0x200000)  # 126
was = ("memory", 0x100003218, ABSENT)
wrote = ("memory", 0x100003218, 0x90000)  # 127
was = ("memory", 0x100003228, ABSENT)
wrote = ("memory", 0x100003228, 2)  # 128
was = ("memory", 0x100003210, ABSENT)
wrote = ("memory", 0x100003210, 0x400)  # 129
was = ("memory", 0x1000033c0, ABSENT)
wrote = ("memory", 0x1000033c0, 0x1800000000)  # 130
was = ("memory", 0x100003348, ABSENT)
wrote = ("memory", 0x100003348, 0xffffffff)  # 131
was = ("memory", 0x100003370, ABSENT)
wrote = ("memory", 0x100003370, 0xc093)  # 132
wrote = ("memory", 0x1000033c0, 0x10001800000000)  # 133
wrote = ("memory", 0x100003348, ~0)  # 134
wrote = ("memory", 0x100003370, 0xa09b0000c093)  # 135
was = ("memory", 0x1000033c8, ABSENT)
wrote = ("memory", 0x1000033c8, 0x18)  # 136
was = ("memory", 0x100003350, ABSENT)
wrote = ("memory", 0x100003350, 0xffffffff)  # 137
was = ("memory", 0x100003378, ABSENT)
wrote = ("memory", 0x100003378, 0xc093)  # 138
wrote = ("memory", 0x1000033c8, 0x180018)  # 139
wrote = ("memory", 0x100003350, ~0)  # 140
wrote = ("memory", 0x100003378, 0xc0930000c093)  # 141
wrote = ("memory", 0x1000033c8, 0x1800180018)  # 142
was = ("memory", 0x100003358, ABSENT)
wrote = ("memory", 0x100003358, 0xffffffff)  # 143
was = ("memory", 0x100003380, ABSENT)
wrote = ("memory", 0x100003380, 0xc093)  # 144
wrote = ("memory", 0x1000033c8, 0x18001800180018)  # 145
wrote = ("memory", 0x100003358, ~0)  # 146
wrote = ("memory", 0x100003380, 0xc0930000c093)  # 147
was = ("memory", 0x100003388, ABSENT)
wrote = ("memory", 0x100003388, 0x10000)  # 148
wrote = ("memory", 0x1000033d0, 0x18000000400000)  # 149
was = ("memory", 0x100003360, ABSENT)
wrote = ("memory", 0x100003360, 0x6700000000)  # 150
wrote = ("memory", 0x100003388, 0x8b00010000)  # 151
was = ("memory", 0x100003320, ABSENT)
wrote = ("memory", 0x100003320, 0x2000000000)  # 152
wrote = ("memory", 0x1000033c0, 0x10001800000001)  # 153
wrote = ("vcpu0", "program", Program(Insn("vmptrld 0x4000")))  # 154
event = VmExited(cpu=0, vmcs=0xf0000000, reason=0x15, qualification=0)  # 155
wrote = ("vmcs", (0xf0000000, 0x4402), 0x15)  # 156
wrote = ("vmcs", (0xf0000000, 0x440c), 3)  # 157
wrote = ("cpu0", "vmx", "root")  # 158
wrote = ("cpu0", "vpid", 0)  # 159
wrote = ("cpu0", "eptp", 0)  # 160
wrote = ("cpu0", "cr3", 0xa000000)  # 161
wrote = ("cpu0", "cr4", 0x3726e0)  # 162
wrote = ("cpu0", "descriptors", Descriptors(es=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), cs=Segment(selector=0x10, base=0, limit=0xffffffff, ar=0xa09b), ss=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), ds=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), fs=Segment(selector=0, base=0, limit=0xffffffff, ar=0x1c093), gs=Segment(selector=0, base=0, limit=0xffffffff, ar=0x1c093), ldtr=Segment(selector=0, base=0, limit=0, ar=0x10000), tr=Segment(selector=0x40, base=0, limit=0x67, ar=0x8b), gdtr_base=0, gdtr_limit=0xffff, idtr_base=0, idtr_limit=0xffff, sysenter_cs=0, sysenter_esp=0, sysenter_eip=0))  # 163
wrote = ("cpu0", "rsp", 0)  # 164
wrote = ("cpu0", "rip", 0xffffffff81000000)  # 165
wrote = ("cpu0", "exit_insn", Insn("vmptrld 0x4000"))  # 166
wrote = ("vcpu0", "retries", 1)  # 167
wrote = ("vcpu0", "exit_insn", Insn("vmptrld 0x4000"))  # 168
event = ModeChanged(vcpu=0, mode="OUTSIDE_GUEST_MODE")  # 169
wrote = ("vcpu0", "mode", "OUTSIDE_GUEST_MODE")  # 170
wrote = ("stats", (0, "exits"), 2)  # 171
wrote = ("vcpu0", "todo", ("handle_exit",))  # 172
event = ExitHandled(vcpu=0, level=1, reason=0x15, qualification=0)  # 173
was = ("cached_vmcs12", (0, -1), ABSENT)
wrote = ("cached_vmcs12", (0, -1), 0x11e57ed0)  # 174
was = ("cached_vmcs12", (0, 0x2800), ABSENT)
wrote = ("cached_vmcs12", (0, 0x2800), ~0)  # 175
was = ("cached_vmcs12", (0, 0x2806), ABSENT)
wrote = ("cached_vmcs12", (0, 0x2806), 0xd01)  # 176
was = ("cached_vmcs12", (0, 0x2c02), ABSENT)
wrote = ("cached_vmcs12", (0, 0x2c02), 0xd01)  # 177
was = ("cached_vmcs12", (0, 0x6004), ABSENT)
wrote = ("cached_vmcs12", (0, 0x6004), 0x80050033)  # 178
was = ("cached_vmcs12", (0, 0x6006), ABSENT)
wrote = ("cached_vmcs12", (0, 0x6006), 0x20a0)  # 179
was = ("cached_vmcs12", (0, 0x6800), ABSENT)
wrote = ("cached_vmcs12", (0, 0x6800), 0x80050033)  # 180
was = ("cached_vmcs12", (0, 0x6802), ABSENT)
wrote = ("cached_vmcs12", (0, 0x6802), 0x1000)  # 181
was = ("cached_vmcs12", (0, 0x6804), ABSENT)
wrote = ("cached_vmcs12", (0, 0x6804), 0x20a0)  # 182
was = ("cached_vmcs12", (0, 0x681a), ABSENT)
wrote = ("cached_vmcs12", (0, 0x681a), 0x400)  # 183
was = ("cached_vmcs12", (0, 0x681c), ABSENT)
wrote = ("cached_vmcs12", (0, 0x681c), 0x90000)  # 184
was = ("cached_vmcs12", (0, 0x681e), ABSENT)
wrote = ("cached_vmcs12", (0, 0x681e), 0x200000)  # 185
was = ("cached_vmcs12", (0, 0x6820), ABSENT)
wrote = ("cached_vmcs12", (0, 0x6820), 2)  # 186
was = ("cached_vmcs12", (0, 0x6c00), ABSENT)
wrote = ("cached_vmcs12", (0, 0x6c00), 0x80050033)  # 187
was = ("cached_vmcs12", (0, 0x6c02), ABSENT)
wrote = ("cached_vmcs12", (0, 0x6c02), 0x1000)  # 188
was = ("cached_vmcs12", (0, 0x6c04), ABSENT)
wrote = ("cached_vmcs12", (0, 0x6c04), 0x20a0)  # 189
was = ("cached_vmcs12", (0, 0x6c16), ABSENT)
wrote = ("cached_vmcs12", (0, 0x6c16), 0x110000)  # 190
was = ("cached_vmcs12", (0, 0x4000), ABSENT)
wrote = ("cached_vmcs12", (0, 0x4000), 0x17)  # 191
was = ("cached_vmcs12", (0, 0x4002), ABSENT)
wrote = ("cached_vmcs12", (0, 0x4002), 0x840061f2)  # 192
was = ("cached_vmcs12", (0, 0x400c), ABSENT)
wrote = ("cached_vmcs12", (0, 0x400c), 0x336ffb)  # 193
was = ("cached_vmcs12", (0, 0x4012), ABSENT)
wrote = ("cached_vmcs12", (0, 0x4012), 0x93fb)  # 194
was = ("cached_vmcs12", (0, 0x401e), ABSENT)
wrote = ("cached_vmcs12", (0, 0x401e), 0x20)  # 195
was = ("cached_vmcs12", (0, 0x4800), ABSENT)
wrote = ("cached_vmcs12", (0, 0x4800), 0xffffffff)  # 196
was = ("cached_vmcs12", (0, 0x4802), ABSENT)
wrote = ("cached_vmcs12", (0, 0x4802), 0xffffffff)  # 197
was = ("cached_vmcs12", (0, 0x4804), ABSENT)
wrote = ("cached_vmcs12", (0, 0x4804), 0xffffffff)  # 198
was = ("cached_vmcs12", (0, 0x4806), ABSENT)
wrote = ("cached_vmcs12", (0, 0x4806), 0xffffffff)  # 199
was = ("cached_vmcs12", (0, 0x4808), ABSENT)
wrote = ("cached_vmcs12", (0, 0x4808), 0xffffffff)  # 200
was = ("cached_vmcs12", (0, 0x480a), ABSENT)
wrote = ("cached_vmcs12", (0, 0x480a), 0xffffffff)  # 201
was = ("cached_vmcs12", (0, 0x480e), ABSENT)
wrote = ("cached_vmcs12", (0, 0x480e), 0x67)  # 202
was = ("cached_vmcs12", (0, 0x4814), ABSENT)
wrote = ("cached_vmcs12", (0, 0x4814), 0xc093)  # 203
was = ("cached_vmcs12", (0, 0x4816), ABSENT)
wrote = ("cached_vmcs12", (0, 0x4816), 0xa09b)  # 204
was = ("cached_vmcs12", (0, 0x4818), ABSENT)
wrote = ("cached_vmcs12", (0, 0x4818), 0xc093)  # 205
was = ("cached_vmcs12", (0, 0x481a), ABSENT)
wrote = ("cached_vmcs12", (0, 0x481a), 0xc093)  # 206
was = ("cached_vmcs12", (0, 0x481c), ABSENT)
wrote = ("cached_vmcs12", (0, 0x481c), 0xc093)  # 207
was = ("cached_vmcs12", (0, 0x481e), ABSENT)
wrote = ("cached_vmcs12", (0, 0x481e), 0xc093)  # 208
was = ("cached_vmcs12", (0, 0x4820), ABSENT)
wrote = ("cached_vmcs12", (0, 0x4820), 0x10000)  # 209
was = ("cached_vmcs12", (0, 0x4822), ABSENT)
wrote = ("cached_vmcs12", (0, 0x4822), 0x8b)  # 210
was = ("cached_vmcs12", (0, 0), ABSENT)
wrote = ("cached_vmcs12", (0, 0), 1)  # 211
was = ("cached_vmcs12", (0, 0x800), ABSENT)
wrote = ("cached_vmcs12", (0, 0x800), 0x18)  # 212
was = ("cached_vmcs12", (0, 0x802), ABSENT)
wrote = ("cached_vmcs12", (0, 0x802), 0x10)  # 213
was = ("cached_vmcs12", (0, 0x804), ABSENT)
wrote = ("cached_vmcs12", (0, 0x804), 0x18)  # 214
was = ("cached_vmcs12", (0, 0x806), ABSENT)
wrote = ("cached_vmcs12", (0, 0x806), 0x18)  # 215
was = ("cached_vmcs12", (0, 0x808), ABSENT)
wrote = ("cached_vmcs12", (0, 0x808), 0x18)  # 216
was = ("cached_vmcs12", (0, 0x80a), ABSENT)
wrote = ("cached_vmcs12", (0, 0x80a), 0x18)  # 217
was = ("cached_vmcs12", (0, 0x80e), ABSENT)
wrote = ("cached_vmcs12", (0, 0x80e), 0x40)  # 218
was = ("cached_vmcs12", (0, 0xc00), ABSENT)
wrote = ("cached_vmcs12", (0, 0xc00), 0x18)  # 219
was = ("cached_vmcs12", (0, 0xc02), ABSENT)
wrote = ("cached_vmcs12", (0, 0xc02), 0x10)  # 220
was = ("cached_vmcs12", (0, 0xc04), ABSENT)
wrote = ("cached_vmcs12", (0, 0xc04), 0x18)  # 221
was = ("cached_vmcs12", (0, 0xc06), ABSENT)
wrote = ("cached_vmcs12", (0, 0xc06), 0x18)  # 222
was = ("cached_vmcs12", (0, 0xc0c), ABSENT)
wrote = ("cached_vmcs12", (0, 0xc0c), 0x40)  # 223
was = ("vcpu0", "current_vmptr", ~0)
wrote = ("vcpu0", "current_vmptr", 0x4000)  # 224
was = ("vcpu0", "dirty_vmcs12", False)
wrote = ("vcpu0", "dirty_vmcs12", True)  # 225
event = NestedSucceeded(vcpu=0, instruction="vmptrld")  # 226
wrote = ("vmcs", (0xf0000000, 0x681e), 0x100007)  # 227
wrote = ("vcpu0", "program", Program())  # 228
wrote = ("vcpu0", "retries", 0)  # 229
wrote = ("vcpu0", "todo", ("vcpu_enter_guest",))  # 230
wrote = ("vcpu0", "todo", ("disable_irqs",))  # 231
event = ModeChanged(vcpu=0, mode="IN_GUEST_MODE")  # 232
wrote = ("vcpu0", "mode", "IN_GUEST_MODE")  # 233
wrote = ("vcpu0", "todo", ("vmenter",))  # 234
event = Decided(vcpu=0, function="kvm_vcpu_exit_request", question="cancel this entry?", answer="no", values="mode IN_GUEST_MODE, requests 0x0", source="x86.c: vcpu_enter_guest(), the check with interrupts off")  # 235
event = VmEntered(cpu=0, vmcs=0xf0000000, vpid=1, eptp=0x10000105e)  # 236
wrote = ("cpu0", "cr3", 0x1000)  # 237
wrote = ("cpu0", "cr4", 0x20a0)  # 238
wrote = ("cpu0", "descriptors", Descriptors(es=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), cs=Segment(selector=0x10, base=0, limit=0xffffffff, ar=0xa09b), ss=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), ds=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), fs=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), gs=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), ldtr=Segment(selector=0, base=0, limit=0, ar=0x10000), tr=Segment(selector=0x40, base=0, limit=0x67, ar=0x8b), gdtr_base=0, gdtr_limit=0, idtr_base=0, idtr_limit=0, sysenter_cs=0, sysenter_esp=0, sysenter_eip=0))  # 239
wrote = ("cpu0", "rsp", 0x80000)  # 240
wrote = ("cpu0", "rip", 0x100007)  # 241
wrote = ("cpu0", "vmx", "non-root")  # 242
wrote = ("cpu0", "vpid", 1)  # 243
wrote = ("cpu0", "eptp", 0x10000105e)  # 244
wrote = ("vcpu0", "todo", ("guest",))  # 245
wrote = ("vcpu0", "program", Program(Insn("load 0x1000")))  # 246
event = Referenced(cpu=0, structure="ept", level=4, pa=0x100001000, value=0)  # 247
event = VmExited(cpu=0, vmcs=0xf0000000, reason=0x30, qualification=0x83)  # 248
wrote = ("vmcs", (0xf0000000, 0x4402), 0x30)  # 249
was = ("vmcs", (0xf0000000, 0x6400), ABSENT)
wrote = ("vmcs", (0xf0000000, 0x6400), 0x83)  # 250
was = ("vmcs", (0xf0000000, 0x2400), ABSENT)
wrote = ("vmcs", (0xf0000000, 0x2400), 0x1000)  # 251
was = ("vmcs", (0xf0000000, 0x640a), ABSENT)
wrote = ("vmcs", (0xf0000000, 0x640a), 0x1000)  # 252
wrote = ("cpu0", "vmx", "root")  # 253
wrote = ("cpu0", "vpid", 0)  # 254
wrote = ("cpu0", "eptp", 0)  # 255
wrote = ("cpu0", "cr3", 0xa000000)  # 256
wrote = ("cpu0", "cr4", 0x3726e0)  # 257
wrote = ("cpu0", "descriptors", Descriptors(es=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), cs=Segment(selector=0x10, base=0, limit=0xffffffff, ar=0xa09b), ss=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), ds=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), fs=Segment(selector=0, base=0, limit=0xffffffff, ar=0x1c093), gs=Segment(selector=0, base=0, limit=0xffffffff, ar=0x1c093), ldtr=Segment(selector=0, base=0, limit=0, ar=0x10000), tr=Segment(selector=0x40, base=0, limit=0x67, ar=0x8b), gdtr_base=0, gdtr_limit=0xffff, idtr_base=0, idtr_limit=0xffff, sysenter_cs=0, sysenter_esp=0, sysenter_eip=0))  # 258
wrote = ("cpu0", "rsp", 0)  # 259
wrote = ("cpu0", "rip", 0xffffffff81000000)  # 260
wrote = ("cpu0", "exit_insn", Insn("load 0x1000"))  # 261
wrote = ("vcpu0", "retries", 1)  # 262
wrote = ("vcpu0", "exit_insn", Insn("load 0x1000"))  # 263
event = ModeChanged(vcpu=0, mode="OUTSIDE_GUEST_MODE")  # 264
wrote = ("vcpu0", "mode", "OUTSIDE_GUEST_MODE")  # 265
wrote = ("stats", (0, "exits"), 3)  # 266
wrote = ("vcpu0", "todo", ("handle_exit",))  # 267
event = ExitHandled(vcpu=0, level=1, reason=0x30, qualification=0x83)  # 268
was = ("stats", (0, "pf_taken"), ABSENT)
wrote = ("stats", (0, "pf_taken"), 1)  # 269
wrote = ("free_frames", 0x100004000, ABSENT)  # 270
was = ("frames", 0x100004000, ABSENT)
wrote = ("frames", 0x100004000, "guest page 0x1")  # 271
was = ("free_frames", 0x100005000, ABSENT)
wrote = ("free_frames", 0x100005000, "never used")  # 272
was = ("guest pages", 1, ABSENT)
wrote = ("guest pages", 1, 0x100004000)  # 273
was = ("gfn of frame", 0x100004000, ABSENT)
wrote = ("gfn of frame", 0x100004000, 1)  # 274
wrote = ("free_frames", 0x100005000, ABSENT)  # 275
was = ("frames", 0x100005000, ABSENT)
wrote = ("frames", 0x100005000, "EPT01 level 3 gfn 0x0")  # 276
was = ("free_frames", 0x100006000, ABSENT)
wrote = ("free_frames", 0x100006000, "never used")  # 277
was = ("shadow pages", ShadowKey(role=MmuRole(kind="direct", guest_mode=False, ad_disabled=False, cr0_wp=False, efer_nx=False, smep_andnot_wp=False, smap_andnot_wp=False), direct=True, level=3, gfn=0, access=7), ABSENT)
wrote = ("shadow pages", ShadowKey(role=MmuRole(kind="direct", guest_mode=False, ad_disabled=False, cr0_wp=False, efer_nx=False, smep_andnot_wp=False, smap_andnot_wp=False), direct=True, level=3, gfn=0, access=7), ShadowPage(hpa=0x100005000, unsync=False))  # 278
was = ("memory", 0x100001000, ABSENT)
wrote = ("memory", 0x100001000, 0x100005107)  # 279
wrote = ("free_frames", 0x100006000, ABSENT)  # 280
was = ("frames", 0x100006000, ABSENT)
wrote = ("frames", 0x100006000, "EPT01 level 2 gfn 0x0")  # 281
was = ("free_frames", 0x100007000, ABSENT)
wrote = ("free_frames", 0x100007000, "never used")  # 282
was = ("shadow pages", ShadowKey(role=MmuRole(kind="direct", guest_mode=False, ad_disabled=False, cr0_wp=False, efer_nx=False, smep_andnot_wp=False, smap_andnot_wp=False), direct=True, level=2, gfn=0, access=7), ABSENT)
wrote = ("shadow pages", ShadowKey(role=MmuRole(kind="direct", guest_mode=False, ad_disabled=False, cr0_wp=False, efer_nx=False, smep_andnot_wp=False, smap_andnot_wp=False), direct=True, level=2, gfn=0, access=7), ShadowPage(hpa=0x100006000, unsync=False))  # 283
was = ("memory", 0x100005000, ABSENT)
wrote = ("memory", 0x100005000, 0x100006107)  # 284
wrote = ("free_frames", 0x100007000, ABSENT)  # 285
was = ("frames", 0x100007000, ABSENT)
wrote = ("frames", 0x100007000, "EPT01 level 1 gfn 0x0")  # 286
was = ("free_frames", 0x100008000, ABSENT)
wrote = ("free_frames", 0x100008000, "never used")  # 287
was = ("shadow pages", ShadowKey(role=MmuRole(kind="direct", guest_mode=False, ad_disabled=False, cr0_wp=False, efer_nx=False, smep_andnot_wp=False, smap_andnot_wp=False), direct=True, level=1, gfn=0, access=7), ABSENT)
wrote = ("shadow pages", ShadowKey(role=MmuRole(kind="direct", guest_mode=False, ad_disabled=False, cr0_wp=False, efer_nx=False, smep_andnot_wp=False, smap_andnot_wp=False), direct=True, level=1, gfn=0, access=7), ShadowPage(hpa=0x100007000, unsync=False))  # 288
was = ("memory", 0x100006000, ABSENT)
wrote = ("memory", 0x100006000, 0x100007107)  # 289
was = ("memory", 0x100007008, ABSENT)
wrote = ("memory", 0x100007008, 0x100004377)  # 290
was = ("stats", (-1, "pages_4k"), ABSENT)
wrote = ("stats", (-1, "pages_4k"), 1)  # 291
was = ("rmap", 1, ABSENT)
wrote = ("rmap", 1, (0x100007008,))  # 292
was = ("stats", (0, "pf_fixed"), ABSENT)
wrote = ("stats", (0, "pf_fixed"), 1)  # 293
wrote = ("vcpu0", "todo", ("vcpu_enter_guest",))  # 294
wrote = ("vcpu0", "todo", ("disable_irqs",))  # 295
event = ModeChanged(vcpu=0, mode="IN_GUEST_MODE")  # 296
wrote = ("vcpu0", "mode", "IN_GUEST_MODE")  # 297
wrote = ("vcpu0", "todo", ("vmenter",))  # 298
event = Decided(vcpu=0, function="kvm_vcpu_exit_request", question="cancel this entry?", answer="no", values="mode IN_GUEST_MODE, requests 0x0", source="x86.c: vcpu_enter_guest(), the check with interrupts off")  # 299
event = VmEntered(cpu=0, vmcs=0xf0000000, vpid=1, eptp=0x10000105e)  # 300
wrote = ("cpu0", "cr3", 0x1000)  # 301
wrote = ("cpu0", "cr4", 0x20a0)  # 302
wrote = ("cpu0", "descriptors", Descriptors(es=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), cs=Segment(selector=0x10, base=0, limit=0xffffffff, ar=0xa09b), ss=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), ds=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), fs=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), gs=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), ldtr=Segment(selector=0, base=0, limit=0, ar=0x10000), tr=Segment(selector=0x40, base=0, limit=0x67, ar=0x8b), gdtr_base=0, gdtr_limit=0, idtr_base=0, idtr_limit=0, sysenter_cs=0, sysenter_esp=0, sysenter_eip=0))  # 303
wrote = ("cpu0", "rsp", 0x80000)  # 304
wrote = ("cpu0", "rip", 0x100007)  # 305
wrote = ("cpu0", "vmx", "non-root")  # 306
wrote = ("cpu0", "vpid", 1)  # 307
wrote = ("cpu0", "eptp", 0x10000105e)  # 308
wrote = ("vcpu0", "todo", ("guest",))  # 309
event = Referenced(cpu=0, structure="ept", level=4, pa=0x100001000, value=0x100005107)  # 310
event = Referenced(cpu=0, structure="ept", level=3, pa=0x100005000, value=0x100006107)  # 311
event = Referenced(cpu=0, structure="ept", level=2, pa=0x100006000, value=0x100007107)  # 312
event = Referenced(cpu=0, structure="ept", level=1, pa=0x100007008, value=0x100004377)  # 313
was = ("cpu0", "fills", 0)
wrote = ("cpu0", "fills", 1)  # 314
was = ("tlb0", TlbKey(kind="guest-physical", vpid=-1, pcid=-1, ep4ta=0x100001, page=0x1000, size=0x1000, table_level=0), ABSENT)
wrote = ("tlb0", TlbKey(kind="guest-physical", vpid=-1, pcid=-1, ep4ta=0x100001, page=0x1000, size=0x1000, table_level=0), TlbEntry(frame=0x100004000, read=True, write=True, execute=True, user=True, dirty=True, gpa=-1, pcid=-1, age=0, guest=7, ept=7, span=0x1000, apic=False))  # 315
event = Referenced(cpu=0, structure="guest", level=4, pa=0x100004000, value=0)  # 316
was = ("cpu0", "cr2", 0)
wrote = ("cpu0", "cr2", 0x1000)  # 317
event = Faulted(cpu=0, vector="#PF", error_code=0, address=0x1000)  # 318
wrote = ("vcpu0", "program", Program())  # 319
wrote = ("vcpu0", "retries", 0)  # 320
wrote = ("vcpu0", "program", Program(Insn("vmcall")))  # 321
event = VmExited(cpu=0, vmcs=0xf0000000, reason=0x12, qualification=0)  # 322
wrote = ("vmcs", (0xf0000000, 0x4402), 0x12)  # 323
wrote = ("vmcs", (0xf0000000, 0x6400), ABSENT)  # 324
wrote = ("cpu0", "vmx", "root")  # 325
wrote = ("cpu0", "vpid", 0)  # 326
wrote = ("cpu0", "eptp", 0)  # 327
wrote = ("cpu0", "cr3", 0xa000000)  # 328
wrote = ("cpu0", "cr4", 0x3726e0)  # 329
wrote = ("cpu0", "descriptors", Descriptors(es=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), cs=Segment(selector=0x10, base=0, limit=0xffffffff, ar=0xa09b), ss=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), ds=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), fs=Segment(selector=0, base=0, limit=0xffffffff, ar=0x1c093), gs=Segment(selector=0, base=0, limit=0xffffffff, ar=0x1c093), ldtr=Segment(selector=0, base=0, limit=0, ar=0x10000), tr=Segment(selector=0x40, base=0, limit=0x67, ar=0x8b), gdtr_base=0, gdtr_limit=0xffff, idtr_base=0, idtr_limit=0xffff, sysenter_cs=0, sysenter_esp=0, sysenter_eip=0))  # 330
wrote = ("cpu0", "rsp", 0)  # 331
wrote = ("cpu0", "rip", 0xffffffff81000000)  # 332
wrote = ("cpu0", "exit_insn", Insn("vmcall"))  # 333
wrote = ("vcpu0", "retries", 1)  # 334
wrote = ("vcpu0", "exit_insn", Insn("vmcall"))  # 335
event = ModeChanged(vcpu=0, mode="OUTSIDE_GUEST_MODE")  # 336
wrote = ("vcpu0", "mode", "OUTSIDE_GUEST_MODE")  # 337
wrote = ("stats", (0, "exits"), 4)  # 338
wrote = ("vcpu0", "todo", ("handle_exit",))  # 339
event = ExitHandled(vcpu=0, level=1, reason=0x12, qualification=0)  # 340
was = ("stats", (0, "hypercalls"), ABSENT)
wrote = ("stats", (0, "hypercalls"), 1)  # 341
wrote = ("vmcs", (0xf0000000, 0x681e), 0x10000a)  # 342
wrote = ("vcpu0", "program", Program())  # 343
wrote = ("vcpu0", "retries", 0)  # 344
was = ("vcpu0", "rax", 0)
wrote = ("vcpu0", "rax", 0xfffffffffffffc18)  # 345
wrote = ("vcpu0", "todo", ("vcpu_enter_guest",))  # 346
wrote = ("vcpu0", "todo", ("disable_irqs",))  # 347
event = ModeChanged(vcpu=0, mode="IN_GUEST_MODE")  # 348
wrote = ("vcpu0", "mode", "IN_GUEST_MODE")  # 349
wrote = ("vcpu0", "todo", ("vmenter",))  # 350
event = Decided(vcpu=0, function="kvm_vcpu_exit_request", question="cancel this entry?", answer="no", values="mode IN_GUEST_MODE, requests 0x0", source="x86.c: vcpu_enter_guest(), the check with interrupts off")  # 351
was = ("cpu0", "rax", 0)
wrote = ("cpu0", "rax", 0xfffffffffffffc18)  # 352
event = VmEntered(cpu=0, vmcs=0xf0000000, vpid=1, eptp=0x10000105e)  # 353
wrote = ("cpu0", "cr3", 0x1000)  # 354
wrote = ("cpu0", "cr4", 0x20a0)  # 355
wrote = ("cpu0", "descriptors", Descriptors(es=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), cs=Segment(selector=0x10, base=0, limit=0xffffffff, ar=0xa09b), ss=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), ds=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), fs=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), gs=Segment(selector=0x18, base=0, limit=0xffffffff, ar=0xc093), ldtr=Segment(selector=0, base=0, limit=0, ar=0x10000), tr=Segment(selector=0x40, base=0, limit=0x67, ar=0x8b), gdtr_base=0, gdtr_limit=0, idtr_base=0, idtr_limit=0, sysenter_cs=0, sysenter_esp=0, sysenter_eip=0))  # 356
wrote = ("cpu0", "rsp", 0x80000)  # 357
wrote = ("cpu0", "rip", 0x10000a)  # 358
wrote = ("cpu0", "vmx", "non-root")  # 359
wrote = ("cpu0", "vpid", 1)  # 360
wrote = ("cpu0", "eptp", 0x10000105e)  # 361
wrote = ("vcpu0", "todo", ("guest",))  # 362
