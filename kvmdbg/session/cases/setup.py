"""What must hold before step 1 of an instance: instances that need the same share one booted machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import (
    CPU_HLT_EXITING,
    CPU_INVLPG_EXITING,
    CPU_NMI_WINDOW_EXITING,
    CPU_PAUSE_EXITING,
    CPU_SECONDARY_CONTROLS,
    CPU_TPR_SHADOW,
    CPU_USE_IO_BITMAPS,
    CPU_USE_MSR_BITMAPS,
    ENTRY_IA32E_MODE,
    ENTRY_LOAD_BNDCFGS,
    ENTRY_LOAD_DEBUG_CONTROLS,
    ENTRY_LOAD_IA32_EFER,
    EXIT_ACK_INTR_ON_EXIT,
    EXIT_HOST_ADDR_SPACE_SIZE,
    EXIT_LOAD_IA32_PAT,
    PIN_EXTERNAL_INTERRUPT_EXITING,
    PIN_NMI_EXITING,
    PIN_VIRTUAL_NMIS,
    SEC_ENABLE_EPT,
    SEC_ENABLE_VMFUNC,
    SEC_ENABLE_VPID,
    SEC_SHADOW_VMCS,
    SEC_UNRESTRICTED_GUEST,
    SEC_VIRTUAL_INTR_DELIVERY,
    SEC_VIRTUALIZE_APIC_ACCESSES,
)
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm.state import Config
from kvmdbg.session.cases.layout import Layout
from kvmdbg.session.cases.model import Case
from kvmdbg.session.cases.vocabulary import AMD

NEWEST: Final = "v6.12"
FIRST_EPTP: Final = "A"                   # in use when a case with an EPTP list starts
EPTP_NAMES: Final = ("A", "B", "BADTYPE")


class KernelRule(NamedTuple):
    """Cases of a source that show how an older kernel behaved."""

    file: str                # part of `source.file`
    kernel: str              # the first release with that behaviour
    reason: str


KERNEL_RULES: Final = (
    KernelRule("seed document (nested VPID emulation)", "v4.4", "5c614b3583e7 went into v4.4; later kernels flush by other rules"),
    KernelRule("seed document (Add KVM_REQ_IMMEDIATE_EXIT)", "v3.2", "d6185f20a0ef went into v3.2; v3.10 dropped the bit"),
    KernelRule("seed document (Introduce KVM_REQ_TLB_FLUSH_CURRENT)", "v5.8", "eeeb4f67a6cd went into v5.8"),
    KernelRule("seed document (flush current ASID)", "v5.8", "the requests of the 2020 series"),
    KernelRule("seed document (fast PGD switch for EPTP_SWITCH)", "v5.14", "39353ab5790b went into v5.14"),
)


class Control(NamedTuple):
    """A bit of a control field of vmcs12 under the name that cases give it."""

    field: int
    bit: int


CONTROLS: Final = {
    "enable_vpid": Control(F.SECONDARY_VM_EXEC_CONTROL, SEC_ENABLE_VPID),
    "enable_ept": Control(F.SECONDARY_VM_EXEC_CONTROL, SEC_ENABLE_EPT),
    "enable_vmfunc": Control(F.SECONDARY_VM_EXEC_CONTROL, SEC_ENABLE_VMFUNC),
    "unrestricted_guest": Control(F.SECONDARY_VM_EXEC_CONTROL, SEC_UNRESTRICTED_GUEST),
    "hlt_exiting": Control(F.CPU_BASED_VM_EXEC_CONTROL, CPU_HLT_EXITING),
    "pause_exiting": Control(F.CPU_BASED_VM_EXEC_CONTROL, CPU_PAUSE_EXITING),
    "invlpg_exiting": Control(F.CPU_BASED_VM_EXEC_CONTROL, CPU_INVLPG_EXITING),
    "host_address_space_size": Control(F.VM_EXIT_CONTROLS, EXIT_HOST_ADDR_SPACE_SIZE),
    "nmi_exiting": Control(F.PIN_BASED_VM_EXEC_CONTROL, PIN_NMI_EXITING),
    "virtual_nmis": Control(F.PIN_BASED_VM_EXEC_CONTROL, PIN_VIRTUAL_NMIS),
    "nmi_window": Control(F.CPU_BASED_VM_EXEC_CONTROL, CPU_NMI_WINDOW_EXITING),
    "load_debug_controls": Control(F.VM_ENTRY_CONTROLS, ENTRY_LOAD_DEBUG_CONTROLS),
    "load_efer": Control(F.VM_ENTRY_CONTROLS, ENTRY_LOAD_IA32_EFER),
    "load_bndcfgs": Control(F.VM_ENTRY_CONTROLS, ENTRY_LOAD_BNDCFGS),
    "ia32e_guest": Control(F.VM_ENTRY_CONTROLS, ENTRY_IA32E_MODE),
    "load_host_pat": Control(F.VM_EXIT_CONTROLS, EXIT_LOAD_IA32_PAT),
    "ack_interrupt_on_exit": Control(F.VM_EXIT_CONTROLS, EXIT_ACK_INTR_ON_EXIT),
    "extint_exiting": Control(F.PIN_BASED_VM_EXEC_CONTROL, PIN_EXTERNAL_INTERRUPT_EXITING),
    "use_tpr_shadow": Control(F.CPU_BASED_VM_EXEC_CONTROL, CPU_TPR_SHADOW),
    "use_io_bitmaps": Control(F.CPU_BASED_VM_EXEC_CONTROL, CPU_USE_IO_BITMAPS),
    "use_msr_bitmaps": Control(F.CPU_BASED_VM_EXEC_CONTROL, CPU_USE_MSR_BITMAPS),
    "shadow_vmcs": Control(F.SECONDARY_VM_EXEC_CONTROL, SEC_SHADOW_VMCS),
    "virtualize_apic_accesses": Control(F.SECONDARY_VM_EXEC_CONTROL, SEC_VIRTUALIZE_APIC_ACCESSES),
    "virtual_interrupt_delivery": Control(F.SECONDARY_VM_EXEC_CONTROL, SEC_VIRTUAL_INTR_DELIVERY),
}
SECONDARY: Final = Control(F.CPU_BASED_VM_EXEC_CONTROL, CPU_SECONDARY_CONTROLS)


class Setup(NamedTuple):
    """The machine before step 1, as values: equal set-ups give the same machine."""

    kernel: str
    config: Config
    caps: Caps
    invvpid_types: tuple[int, ...] | None    # that L1 is offered by choice of user space; None: all that KVM can
    spare_vpids: bool                        # False: every VPID but vpid01 is taken
    compatibility: bool                      # L1 runs 32-bit code under long mode (CS.L = 0)
    vmx: bool                                # L1 is in VMX root operation, with a current VMCS
    registers: tuple[str, ...]               # MOVs to control registers that L1 does first
    controls: tuple[tuple[Control, bool], ...]    # bits of vmcs12 that differ from the default
    fields: tuple[tuple[int, int], ...]      # fields of vmcs12 that differ from the default
    ept_ad: bool                             # L1's EPTP has the accessed/dirty bit
    calls_at_once: bool                      # L2's first instruction is VMCALL
    v_flags: str                             # rights of L1's own mapping of V
    current_vmcs: bool                       # L1 has a current VMCS
    operand_mapped: bool                     # the page that holds memory operands is mapped for L1
    cpl: int                                 # privilege level at which steps act unless they say another
    eptp_list: tuple[str, ...]               # names of EPTPs in vmcs12's list; () = it has none
    vpid01: int                              # the VPID that the case takes L1 to run with; -1: it does not say
    layout: Layout                           # what L1's memory and segments look like beyond what every case finds


@dataclass(slots=True)
class Plan:
    """A Setup while it is read from `given`, key by key."""

    kernel: str
    row: int = 1                              # of the matrix: some premises are about certain rows
    config: Config = Config()
    caps: Caps = Caps()
    invvpid_types: tuple[int, ...] | None = None
    spare_vpids: bool = True
    compatibility: bool = False
    vmx: bool = True
    registers: list[str] = field(default_factory=list)
    controls: dict[Control, bool] = field(default_factory=dict)
    fields: dict[int, int] = field(default_factory=dict)
    ept_ad: bool = False
    calls_at_once: bool = False
    v_flags: str = "rwxu"
    current_vmcs: bool = True
    operand_mapped: bool = True
    cpl: int = 0
    eptp_list: tuple[str, ...] = ()
    vpid01: int = -1
    layout: Layout = Layout()

    def control(self, name: str, on: bool) -> None:
        """Set a control of vmcs12 by the name that cases give it.  raises: Unsupported for an unknown one."""
        if name not in CONTROLS:
            raise Unsupported(f"vmcs12 {name}: this control is not modelled")
        self.controls[CONTROLS[name]] = on

    def setup(self) -> Setup:
        """The finished value."""
        return Setup(self.kernel, self.config, self.caps, self.invvpid_types, self.spare_vpids, self.compatibility, self.vmx,
                     tuple(self.registers), tuple(sorted(self.controls.items())), tuple(sorted(self.fields.items())), self.ept_ad,
                     self.calls_at_once, self.v_flags, self.current_vmcs, self.operand_mapped, self.cpl, self.eptp_list,
                     self.vpid01, self.layout)


def kernel_of(case: Case) -> str:
    """The kernel that a case talks about: the newest, unless its source says otherwise."""
    return next((rule.kernel for rule in KERNEL_RULES if rule.file in case.source.file), NEWEST)


def vendor(name: str) -> None:
    """raises: Unsupported unless L0 is KVM on Intel."""
    if name != "vmx":
        raise Unsupported(f"vendor {name}: {AMD}")
