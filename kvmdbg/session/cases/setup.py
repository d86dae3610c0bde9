"""What must hold before step 1 of an instance: instances that need the same share one booted machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm.state import Config
from kvmdbg.session.cases.control_names import CONTROLS, Control
from kvmdbg.session.cases.layout import Layout
from kvmdbg.session.cases.model import Case
from kvmdbg.session.cases.vocabulary import AMD

NEWEST: Final = "v6.12"
FIRST_EPTP: Final = "A"                   # in use when a case with an EPTP list starts
EPTP_NAMES: Final = ("A", "B", "A|AD", "B|AD", "BADTYPE", "BADWALK", "BADBITS", "BADWIDTH")


class KernelRule(NamedTuple):
    """Cases of a source that show how an older kernel behaved."""

    file: str                # part of `source.file`
    kernel: str              # the first release with that behaviour
    reason: str


KERNEL_RULES: Final = (
    KernelRule("nested_emulation_test.c", "v6.12 +f002a97ec8c9 +f43f7a215af0 +79a14afc6090",
               "the series of v6.15 that this test came with"),
    KernelRule("seed document (nested VPID emulation)", "v4.4", "5c614b3583e7 went into v4.4; later kernels flush by other rules"),
    KernelRule("seed document (Add KVM_REQ_IMMEDIATE_EXIT)", "v3.2", "d6185f20a0ef went into v3.2; v3.10 dropped the bit"),
    KernelRule("seed document (Introduce KVM_REQ_TLB_FLUSH_CURRENT)", "v5.8", "eeeb4f67a6cd went into v5.8"),
    KernelRule("seed document (flush current ASID)", "v5.8", "the requests of the 2020 series"),
    KernelRule("nested_tdp_fault_test.c", "96b067b59ad9", "the selftest came with 96b067b59ad9, after v6.12"),
    KernelRule("seed document (fast PGD switch for EPTP_SWITCH)", "v5.14", "39353ab5790b went into v5.14"),
)


NEEDED_CAPS: Final = {                    # control of vmcs12 -> what the processor must have, so that L1 can set it
    CONTROLS["virtual_interrupt_delivery"]: "virtual_interrupts", CONTROLS["process_posted_interrupts"]: "posted_interrupts",
    CONTROLS["virtualize_x2apic_mode"]: "x2apic_mode", CONTROLS["apic_register_virtualization"]: "apic_registers",
}
TPR_SHADOW: Final = CONTROLS["use_tpr_shadow"]


class Setup(NamedTuple):
    """The machine before step 1, as values: equal set-ups give the same machine."""

    kernel: str
    config: Config
    caps: Caps
    more_for_l1: tuple[str, ...]             # questions about what L1 is offered that are answered with yes, as on no kernel
    spare_vpids: bool                        # False: every VPID but vpid01 is taken
    compatibility: bool                      # L1 runs 32-bit code under long mode (CS.L = 0)
    vmx: bool                                # L1 is in VMX root operation, with a current VMCS
    registers: tuple[str, ...]               # MOVs to control registers that L1 does first
    controls: tuple[tuple[Control, bool], ...]    # bits of vmcs12 that differ from the default
    fields: tuple[tuple[int, int], ...]      # fields of vmcs12 that differ from the default
    ept_ad: bool                             # L1's EPTP has the accessed/dirty bit
    calls_at_once: bool                      # L2's first instruction is VMCALL
    current_vmcs: bool                       # L1 has a current VMCS
    operand_mapped: bool                     # the page that holds memory operands is mapped for L1
    operand_flags: str                       # with these rights; "" = all
    cpl: int                                 # privilege level at which steps act unless they say another
    eptp_list: tuple[str, ...]               # names of EPTPs in vmcs12's list; () = it has none
    vpid01: int                              # the VPID that the case takes L1 to run with; -1: it does not say
    pending_irq: int                         # vector that waits in L1's local APIC when step 1 begins; -1: none
    layout: Layout                           # what L1's memory and segments look like beyond what every case finds


@dataclass(slots=True)
class Plan:
    """A Setup while it is read from `given`, key by key."""

    kernel: str
    row: int = 1                              # of the matrix: some premises are about certain rows
    config: Config = Config()
    caps: Caps = Caps()
    more_for_l1: list[str] = field(default_factory=list)
    spare_vpids: bool = True
    compatibility: bool = False
    vmx: bool = True
    in_root: bool = False                    # the case says so
    registers: list[str] = field(default_factory=list)
    controls: dict[Control, bool] = field(default_factory=dict)
    fields: dict[int, int] = field(default_factory=dict)
    ept_ad: bool = False
    calls_at_once: bool = False
    current_vmcs: bool = True
    operand_mapped: bool = True
    operand_flags: str = ""
    cpl: int = 0
    eptp_list: tuple[str, ...] = ()
    vpid01: int = -1
    layout: Layout = Layout()
    pending_irq: int = -1                     # vector that waits in L1's local APIC; -1: none

    def control(self, name: str, on: bool) -> None:
        """Set a control of vmcs12 by the name that cases give it.  raises: Unsupported for an unknown one."""
        if name not in CONTROLS:
            raise Unsupported(f"vmcs12 {name}: this control is not modelled")
        self.controls[CONTROLS[name]] = on

    def limit_l1(self, name: str, value: Any) -> None:
        """User space lets L1 have no more than this of a capability, a field of Caps."""
        self.config = self.config._replace(l1_caps=tuple((dict(self.config.l1_caps) | {name: value}).items()))

    def setup(self) -> Setup:
        """The finished value: what L1 has switched on it is offered, and a virtualized APIC has the TPR shadow that it needs."""
        for control, cap in NEEDED_CAPS.items():
            if self.controls.get(control):
                switch: dict[str, Any] = {cap: True}
                self.caps = self.caps._replace(**switch)
                self.controls.setdefault(TPR_SHADOW, True)
        return Setup(self.kernel, self.config, self.caps, tuple(self.more_for_l1), self.spare_vpids, self.compatibility, self.vmx,
                     tuple(self.registers), tuple(sorted(self.controls.items())), tuple(sorted(self.fields.items())), self.ept_ad,
                     self.calls_at_once, self.current_vmcs, self.operand_mapped, self.operand_flags, self.cpl,
                     self.eptp_list, self.vpid01, self.pending_irq, self.layout)


def kernel_of(case: Case) -> str:
    """The kernel that a case talks about: the newest, unless its source says otherwise."""
    return next((rule.kernel for rule in KERNEL_RULES if rule.file in case.source.file), NEWEST)


def vendor(name: str) -> None:
    """raises: Unsupported unless L0 is KVM on Intel."""
    if name != "vmx":
        raise Unsupported(f"vendor {name}: {AMD}")
