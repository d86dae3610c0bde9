"""The processor's state: memory, logical processors, their TLBs, VMCS data."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from kvmdbg.machine.hw.tlbkey import TlbEntry, TlbKey
from kvmdbg.tape import Record, Table, Tape

NO_VMCS: Final = 0xFFFF_FFFF_FFFF_FFFF      # current-VMCS pointer when there is none (SDM Vol. 3C 24.1)
VMX_OFF: Final = "off"
VMX_ROOT: Final = "root"
VMX_NON_ROOT: Final = "non-root"


class Caps(NamedTuple):
    """What this processor offers: CPUID and the VMX capability MSRs, as the bits that the model asks for."""

    maxphyaddr: int = 46                     # bits, 32..52
    ept: bool = True
    vpid: bool = True
    unrestricted_guest: bool = True
    invept_types: tuple[int, ...] = (1, 2)                # IA32_VMX_EPT_VPID_CAP bits 25, 26; () = no INVEPT
    invvpid_types: tuple[int, ...] = (0, 1, 2, 3)         # bits 40..43; () = no INVVPID
    ept_ad: bool = True                      # bit 21
    ept_2m: bool = True                      # bit 16
    ept_1g: bool = True                      # bit 17
    ept_execute_only: bool = True            # bit 0
    ept_uc: bool = True                      # bit 8: EPT paging structures in uncacheable memory
    ept_wb: bool = True                      # bit 14: in write-back memory
    pcid: bool = True
    invpcid: bool = True
    preemption_timer: bool = True            # IA32_VMX_PINBASED_CTLS bit 6
    timer_rate: int = 0                      # IA32_VMX_MISC bits 4:0: it counts when this bit of the time-stamp counter changes
    page_1g: bool = True                     # CPUID.80000001H:EDX.Page1GB
    la57: bool = False                       # CPUID.07H:ECX.LA57
    cr3_targets: int = 4                     # IA32_VMX_MISC bits 24:16
    vmfunc: bool = True                      # "enable VM functions"
    eptp_switching: bool = True              # VM function 0 (IA32_VMX_VMFUNC bit 0)
    apic_accesses: bool = True               # "virtualize APIC accesses"
    virtual_interrupts: bool = False         # "virtual-interrupt delivery"
    posted_interrupts: bool = False          # "process posted interrupts"
    x2apic_mode: bool = False                # "virtualize x2APIC mode"
    apic_registers: bool = False             # "APIC-register virtualization"
    pml: bool = False                        # "enable PML"
    mode_based_execute: bool = False         # "mode-based execute control for EPT"
    cr4_fixed0: int = 0x2000                 # IA32_VMX_CR4_FIXED0: bits of CR4 that must be 1 in VMX operation; VMXE at least
    no_error_code_check: bool = False        # IA32_VMX_BASIC bit 56: any hardware exception is injected with or without error code
    zero_length_injection: bool = False      # IA32_VMX_MISC bit 30: software events of length 0 are injected
    true_controls: bool = True               # IA32_VMX_BASIC bit 55: the TRUE MSRs say which default1 controls may be 0
    lacks: tuple[int, ...] = (0, 0, 0, 0, 0)    # controls that may not be 1, though the model knows them; secondary ones last
    required: tuple[int, ...] = (0x16, 0x0400_6172, 0x3_6DFB, 0x11FB)     # must be 1: pin-based, primary, exit, entry controls
    shadow_vmcs: bool = True                 # "VMCS shadowing"
    vmwrite_any_field: bool = True           # IA32_VMX_MISC bit 29: VMWRITE reaches exit-information fields, too
    beyond_model: tuple[int, ...] = ()       # bits that a VMCS may have set though the model lacks what they do: of the pin-based,
                                             # primary, secondary, exit and entry controls, and of CR4
    wait_for_sipi: bool = False              # IA32_VMX_MISC bit 8: the activity state wait-for-SIPI
    tlb_capacity: int = 0                    # translations a logical processor can hold; 0 = unlimited
    paging_structure_caches: bool = False    # entries of upper levels are cached too (SDM Vol. 3A 4.10.3)

    @property
    def linear_bits(self) -> int:
        """Bits of the widest linear address: what VMCS fields and operands of invalidations are checked against."""
        return 57 if self.la57 else 48


Pdptes = tuple[int, int, int, int]           # the PDPTE registers of PAE paging (SDM Vol. 3A 4.4.1)
NO_PDPTES: Final[Pdptes] = (0, 0, 0, 0)


class Insn(NamedTuple):
    """One decoded instruction: a name of the instruction catalogue and its operands as parsed values."""

    name: str
    operands: tuple[Any, ...]
    text: str                                # as a person writes it, for display and recording
    length: int = 3                          # bytes of its encoding, 1..15


NO_INSN: Final = Insn("", (), "")


class Segment(NamedTuple):
    """A segment register with its hidden part (SDM Vol. 3C 24.4.1)."""

    selector: int
    base: int
    limit: int
    ar: int                                  # access rights as in the VMCS field


class Descriptors(NamedTuple):
    """Segment and descriptor-table registers, replaced as a whole by VM entry and VM exit."""

    es: Segment
    cs: Segment
    ss: Segment
    ds: Segment
    fs: Segment
    gs: Segment
    ldtr: Segment
    tr: Segment
    gdtr_base: int
    gdtr_limit: int
    idtr_base: int
    idtr_limit: int
    sysenter_cs: int
    sysenter_esp: int
    sysenter_eip: int


class Cpu(Record):
    """One logical processor."""

    __slots__ = ("id", "vmx", "vmxon_pointer", "current_vmcs", "cr0", "cr2", "cr3", "pdptes", "cr4", "efer", "pat", "debugctl",
                 "dr6", "dr7", "rip", "rsp", "rflags", "rax", "descriptors", "vpid", "eptp", "exit_insn", "blocking", "activity",
                 "fills")
    id: int
    vmx: str                     # VMX_OFF, VMX_ROOT or VMX_NON_ROOT
    vmxon_pointer: int           # physical address given to VMXON; NO_VMCS outside VMX operation
    current_vmcs: int            # physical address of the current VMCS, or NO_VMCS
    cr0: int
    cr2: int
    cr3: int
    pdptes: Pdptes               # what PAE paging starts from; loaded with CR3, not followed in memory
    cr4: int
    efer: int
    pat: int
    debugctl: int
    dr6: int                     # debug status; no field of the VMCS: VM entry and VM exit leave it alone
    dr7: int
    rip: int
    rsp: int
    rflags: int
    rax: int                     # the one general register modelled: results of loads, VMREAD, MOV from CR
    descriptors: Descriptors
    vpid: int                    # current VPID: 0 outside non-root operation and with "enable VPID" = 0
    eptp: int                    # EPT pointer in use; 0 = EPT not in use
    exit_insn: Insn              # the instruction that caused the last VM exit: stands for its bytes and operands
    blocking: int                # interruptibility state (SDM Vol. 3C 24.4.2): bit 0 STI, bit 1 MOV SS
    activity: int                # 0 active, 1 HLT
    fills: int                   # how many translations this processor has cached so far


class Pending(Record):
    """What waits for a logical processor between two instructions (SDM Vol. 3A 6.9; Vol. 3C 25.2, 25.5)."""

    __slots__ = ("irr", "nmi", "mtf", "timer", "debug")
    irr: int                     # bit = vector of an external interrupt that its local APIC offers
    nmi: bool
    mtf: bool                    # an MTF VM exit is pending
    timer: int                   # VMX-preemption timer, counted in instructions of the guest; NO_TIMER = not counting
    debug: int                   # pending debug exceptions, in the format of the VMCS field (SDM Vol. 3C 24.4.2)


NO_TIMER: Final = -1


class Clock(Record):
    """What processors count while nothing takes time."""

    __slots__ = ("tsc",)
    tsc: int                     # the time-stamp counter: how often it has been read


class Hardware:
    """The whole processor side: what functions of machine/hw take. Everything in it lives on one tape."""

    def __init__(self, tape: Tape, caps: Caps, cpus: tuple[Cpu, ...]) -> None:
        self.tape = tape
        self.caps = caps
        self.cpus = cpus
        self.emit = tape.emit
        self.memory: Table[int, int] = Table(tape, "memory")            # physical address (multiple of 8) -> 64 bits; absent = 0
        self.frames: Table[int, str] = Table(tape, "frames")            # frame's physical address -> what it holds
        self.free_frames: Table[int, str] = Table(tape, "free_frames")  # freed frames, and the first one never used; see memory.py
        self.vmcs: Table[tuple[int, int], int] = Table(tape, "vmcs")    # (region, encoding) -> value; absent = 0
        self.launch_state: Table[int, str] = Table(tape, "launch_state")  # region -> "clear" or "launched"
        # What if: positions of the tape at which a removal from the TLB or a request of KVM is not executed (LeftOut or
        # RequestLeftOut takes its place).  Chosen before the machine runs, as caps are; empty when all goes as it should.
        self.left_out: frozenset[int] = frozenset()
        self.tlb: tuple[Table[TlbKey, TlbEntry], ...] = tuple(Table(tape, f"tlb{cpu.id}") for cpu in cpus)
        self.pending = tuple(Pending(tape, f"cpu{cpu.id}.pending", irr=0, nmi=False, mtf=False, timer=NO_TIMER, debug=0)
                             for cpu in cpus)
        self.msrs: Table[tuple[int, int], int] = Table(tape, "msrs")    # (cpu, number) -> value; absent = as reset
        self.clock = Clock(tape, "clock", tsc=0)
