"""The VM-entry checks that KVM makes on vmcs12 before it enters L2 (nested.c: nested_vmx_check_*).

They are the processor's own (machine/hw/checks.py), asked of vmcs12 with the capabilities that L1 is offered: KVM has
no others in the modelled subset.  Some of the guest state it copies into vmcs02 unseen, on every kernel: the processor refuses the
entry of L2 then, and L1 gets that exit.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final, cast

from kvmdbg.machine.hw.checking import CONTROL_AREA, GUEST_AREA, HOST_AREA, Check, Problem, Subject, subject
from kvmdbg.machine.hw.checks import CHECKS
from kvmdbg.machine.hw.controls import (
    CPU_USE_MSR_BITMAPS,
    ENTRY_LOAD_IA32_EFER,
    EXIT_ACK_INTR_ON_EXIT,
    EXIT_LOAD_IA32_EFER,
    EXIT_SAVE_IA32_EFER,
    EXIT_SAVE_PREEMPTION_TIMER,
    VMFUNC_EPTP_SWITCHING,
)
from kvmdbg.machine.hw.events import VmEntryFailed
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.guest_checks import NO_LINK, NON_REGISTER, QUALIFICATION_LINK_POINTER
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest
from kvmdbg.machine.kvm.guest_paging import linear_bits
from kvmdbg.machine.kvm.state import Config, Kvm, Vcpu
from kvmdbg.tape import Table

AREAS: Final = (CONTROL_AREA, HOST_AREA, GUEST_AREA)
ERRORS: Final = {"control": 7, "host": 8, "guest": 33 | 1 << 31}

# Controls of vmcs12 that KVM offers whatever the processor has: pin-based, primary, VM-exit, VM-entry, secondary.
EMULATED: Final = (0, CPU_USE_MSR_BITMAPS,
                   EXIT_LOAD_IA32_EFER | EXIT_SAVE_IA32_EFER | EXIT_SAVE_PREEMPTION_TIMER | EXIT_ACK_INTR_ON_EXIT,
                   ENTRY_LOAD_IA32_EFER, 0)

EMULATED_TIMER_RATE: Final = 5          # VMX_MISC_EMULATED_PREEMPTION_TIMER_RATE

LEFT_TO_THE_PROCESSOR: Final = frozenset({
    F.GUEST_RIP, F.GUEST_RFLAGS, F.GUEST_SYSENTER_ESP, F.GUEST_SYSENTER_EIP, F.GUEST_INTERRUPTIBILITY_INFO,
    F.GUEST_PENDING_DBG_EXCEPTIONS})


def nested_caps(kvm: Kvm) -> Caps:
    """What L1's virtual processor offers: what KVM can, less what user space keeps from L1."""
    return limited(offered_to_l1(kvm.hw.caps, kvm.config, kvm.era), kvm.config.l1_caps)


@cache
def offered_to_l1(hw: Caps, config: Config, era: Era) -> Caps:
    """What KVM can offer L1 (nested.c: nested_vmx_setup_ctls_msrs()); of CR3-target values none (VMX_MISC)."""
    ept, ept_ad = config.enable_ept and era.offers_ept_to_l1(), hw.ept_ad and era.nested_ept_ad()
    return hw._replace(
        lacks=tuple(lacking & ~emulated for lacking, emulated in zip(hw.lacks, EMULATED, strict=True)),
        la57=hw.la57 and era.knows_la57(), cr3_targets=0, wait_for_sipi=era.offers_wait_for_sipi_to_l1(),
        true_controls=era.offers_true_controls_to_l1(), required=era.controls_required_of_l1(),
        no_error_code_check=hw.no_error_code_check and era.offers_no_error_code_check_to_l1(), zero_length_injection=False,
        ept=ept, ept_ad=ept_ad, ept_uc=hw.ept_uc and era.offers_ept_uc_to_l1(),
        pml=ept and ept_ad and era.offers_pml_to_l1(),
        mode_based_execute=hw.mode_based_execute and era.offers_mode_based_execute_to_l1(),
        vpid=era.offers_vpid_to_l1(config.enable_vpid),
        preemption_timer=era.emulates_preemption_timer(),
        timer_rate=EMULATED_TIMER_RATE if era.emulates_preemption_timer() else hw.timer_rate,
        ept_execute_only=hw.ept_execute_only and era.offers_execute_only_ept_to_l1(),
        x2apic_mode=hw.x2apic_mode and era.offers_x2apic_mode_to_l1(),
        apic_registers=hw.apic_registers and era.offers_apic_registers_to_l1(),
        virtual_interrupts=hw.virtual_interrupts and era.offers_virtual_interrupts_to_l1(),
        posted_interrupts=hw.posted_interrupts and era.offers_posted_interrupts_to_l1(),
        shadow_vmcs=era.offers_vmcs_shadowing_to_l1(), vmwrite_any_field=era.vmwrite_reaches_read_only_fields(),
        vmfunc=hw.vmfunc and config.enable_ept and era.offers_vmfunc_to_l1(),
        eptp_switching=hw.eptp_switching and bool(era.vm_functions_of_l1() & VMFUNC_EPTP_SWITCHING),
        invvpid_types=era.nested_invvpid_types(config.enable_vpid), invept_types=era.nested_invept_types())


@cache
def limited(offered: Caps, wanted: tuple[tuple[str, Any], ...]) -> Caps:
    """`offered` without what `wanted`, fields of Caps, has less of: user space can take away, and never give."""
    return offered._replace(**{name: less(offered, name, value) for name, value in wanted})


def less(offered: Caps, name: str, wanted: Any) -> Any:
    """What both allow: of truths and numbers the smaller, of types those in both; controls that either forbids or demands."""
    has = getattr(offered, name)
    if name == "cr4_fixed0":
        return has | wanted
    if name in ("lacks", "required"):
        return tuple(mine | yours for mine, yours in zip(has, wanted, strict=True))
    return tuple(one for one in has if one in wanted) if isinstance(has, tuple) else min(has, wanted)


def is_all_ones(value: int, _: Subject) -> str:
    return "" if value == NO_LINK else "be all ones, as L1 is offered no VMCS shadowing"


LINK_IS_ALL_ONES: Final = Check("the VMCS link pointer is all ones", GUEST_AREA, NON_REGISTER, F.VMCS_LINK_POINTER, is_all_ones,
                                qualification=QUALIFICATION_LINK_POINTER)


class L1Memory:
    """What the checks read at a physical address that vmcs12 names: L1's memory, 0 where there is none."""

    def __init__(self, kvm: Kvm) -> None:
        self.kvm = kvm

    def get(self, gpa: int, default: int = 0) -> int:
        value = kvm_read_guest(self.kvm, gpa)
        return default if value is None else value


def is_made(kvm: Kvm, check: Check) -> bool:
    """Does this kernel make the check?"""
    if is_left_to_the_processor(kvm, check):
        return False
    if check.field == F.VIRTUAL_PROCESSOR_ID:
        return kvm.era.checks_vpid12_not_zero()
    if check.field == F.CR3_TARGET_COUNT:
        return kvm.era.checks_cr3_target_count()
    if check.field == F.EPT_POINTER:
        return kvm.era.checks_eptp12()
    if check.field == F.VMCS_LINK_POINTER:
        return check.name != "the VMCS link pointer is not the current VMCS"      # vmcs02 has no link: nobody looks
    return True


def checks_of(kvm: Kvm) -> tuple[Check, ...]:
    """The checks of this kernel's L1: without VMCS shadowing (until v4.18) KVM lets L2 have no linked VMCS at all."""
    if kvm.era.offers_vmcs_shadowing_to_l1():
        return CHECKS
    return (*(check for check in CHECKS if check.field != F.VMCS_LINK_POINTER), LINK_IS_ALL_ONES)


def is_left_to_the_processor(kvm: Kvm, check: Check) -> bool:
    """Is the value copied into vmcs02 unseen, on every kernel?"""
    return check.area == GUEST_AREA and check.field in LEFT_TO_THE_PROCESSOR


def nested_problems(kvm: Kvm, vcpu: Vcpu, areas: tuple[str, ...] = AREAS,
                    made: Callable[[Kvm, Check], bool] = is_made) -> Iterator[Problem]:
    """The checks of some areas that vmcs12 fails on this kernel, in order; KVM stops at the first.

    made: which checks, else those that KVM makes.
    """
    processor = copy.copy(kvm.hw)          # one with L1's capabilities, to which L1's memory is physical
    processor.caps = with_linear_bits(nested_caps(kvm), linear_bits(kvm, vcpu))
    processor.memory = cast("Table[int, int]", L1Memory(kvm))
    examined = subject(processor, kvm.hw.cpus[max(vcpu.cpu, 0)], lambda encoding: vmcs12.get(kvm, vcpu, encoding))
    for check in checks_of(kvm):
        if check.area in areas and made(kvm, check):
            problem = check.test(examined)
            if problem is not None:
                yield problem


def with_linear_bits(caps: Caps, bits: int) -> Caps:
    """The same capabilities, but addresses are canonical with so many bits."""
    return caps if bits == caps.linear_bits else _addressed(bits)(*caps)


@functools.cache
def _addressed(bits: int) -> type[Caps]:
    return type("Addressed", (Caps,), {"linear_bits": bits})


def nested_check_area(kvm: Kvm, vcpu: Vcpu, area: str) -> Problem | None:
    """The first check of "control", "host" or "guest" that vmcs12 fails, reported as an event; None when it passes."""
    problem = next(nested_problems(kvm, vcpu, (area,)), None)
    if problem is not None:
        kvm.emit(VmEntryFailed, kvm.cpu(vcpu).id, vcpu.current_vmptr, ERRORS[area], f"vmcs12: {problem.text}")
    return problem
