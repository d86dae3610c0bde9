"""`given`: what must hold before step 1, key by key; and columns of the matrix that are state of a row.

A key or a phrase that nothing here understands makes the instance unsupported: a case whose premises are not met must
not pass. Premises that hold by default, or that only explain a column, are listed as such.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.capabilities import CONTROL_WORDS, control_settings
from kvmdbg.machine.hw.controls import RFLAGS_IF, RFLAGS_RESERVED1
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import Caps
from kvmdbg.session.cases import l2_scene, premises, premises_of_memory, premises_of_registers, premises_of_vmcs12, vocabulary
from kvmdbg.session.cases.control_names import CONTROLS
from kvmdbg.session.cases.matrix import ANY
from kvmdbg.session.cases.model import Case, Value
from kvmdbg.session.cases.operations import immediate_exit
from kvmdbg.session.cases.phrases import Handler, always, bits_of, field, nothing, phrases, refused
from kvmdbg.session.cases.setup import Plan, Setup, kernel_of, vendor


def setups(case: Case, extra: Mapping[str, Value], row: int = 1) -> tuple[Setup, ...]:
    """The set-ups of one instance, all of which it must hold for: one, or one with L1's EPT off and one with it on.

    raises: as read().
    """
    caps = case.given.get("caps")
    both = isinstance(caps, dict) and TWO_WAYS.match(str(caps.get("ept", ""))) or WITH_AND_WITHOUT in case.title
    return tuple(read(case, extra, row, enable_ept) for enable_ept in ((False, True) if both else (None,)))


def read(case: Case, extra: Mapping[str, Value], row: int = 1, enable_ept: bool | None = None) -> Setup:
    """The set-up of one instance.

    extra: the columns of its row that are state.  row: its number, from 1.  enable_ept: None leaves it to the case.
    raises: Unsupported with the word that cannot be set up.
    """
    plan = Plan(kernel_of(case), row=row)
    for key, value in case.given.items():
        if key in OF_AMD and any(one.on == "VMX" for one in case.expect):
            continue                              # it is about the other view of the same steps
        handler = GIVEN.get(key)
        if handler is None:
            raise Unsupported(f"given {key}: cannot be set up")
        handler(plan, value)
    for key, value in extra.items():
        if value == ANY or value is None:
            continue
        state_of_row(key)(plan, value)
    if not plan.in_root and any(_enters_vmx(step) for step in case.steps) and not _leaves_vmx_first(case.steps):
        plan.vmx = False
    if any("ept_set" in step for step in case.steps):
        plan.control("enable_ept", True)
    complete(plan)
    if plan.layout.l2_scene is not None:
        told = (*case.given.values(), *(cell for cells in case.matrix.rows for cell in cells), *dict(case.matrix.axes).values())
        vectors = l2_scene.vectors_in((*case.steps, *map(str, told)))
        plan.layout = plan.layout._replace(l2_scene=plan.layout.l2_scene._replace(vectors=vectors))
    if enable_ept is not None:
        plan.control("enable_ept", enable_ept)
    has_steps = any(re.match(r"\s*L2\b.*:", step) for step in case.steps)
    if ("l2" in case.given or "list" in case.given) and plan.layout.l2_scene is None and not has_steps:
        plan.calls_at_once = True           # no step says what it does: as the suites' guests, it calls L1
    if any("PML5" in step for step in case.steps):
        plan.layout = plan.layout._replace(pml5=True)
    if any("(intercepted)" in step for step in case.steps):
        plan.config = plan.config._replace(enable_ept=False)       # L0 intercepts MOV CR3, INVLPG and INVPCID then
    if _asks_for_unrestricted_guest(case):
        plan.control("enable_ept", True)
    premises_of_registers.demanded_bits(plan, (*case.steps, *map(str, case.matrix.rows[row - 1] if case.matrix.rows else ())))
    return plan.setup()


PLACES: Final = (*CONTROL_WORDS, F.SECONDARY_VM_EXEC_CONTROL)      # the fields of Caps.lacks


def complete(plan: Plan) -> None:
    """What goes without saying where L2's events are the subject: virtual NMIs need NMI exiting, and a timer some time."""
    if plan.layout.l2_scene is None:
        return
    if plan.controls.get(CONTROLS["virtual_nmis"]):
        plan.controls.setdefault(CONTROLS["nmi_exiting"], True)
    if plan.controls.get(CONTROLS["preemption_timer"]):
        plan.fields.setdefault(F.VMX_PREEMPTION_TIMER_VALUE, l2_scene.TIMER)


TWO_WAYS: Final = re.compile(r"off: .*; on: ")
WITH_AND_WITHOUT: Final = "with and without EPT for L2"


def _enters_vmx(step: str) -> bool:
    """Does the step execute VMXON? Then L1 must not be in VMX operation before it."""
    return bool(re.match(r"\s*[\w$()]+:\s*(?:[^#]*;\s*)?vmxon\b", step))


def _leaves_vmx_first(steps: Sequence[str]) -> bool:
    """Is VMXOFF executed before VMXON? Then L1 is in VMX operation from the start."""
    text = "; ".join(steps)
    return 0 <= text.find("vmxoff") < text.find("vmxon")


def _asks_for_unrestricted_guest(case: Case) -> bool:
    """Does a row switch it on, and no step say what becomes of EPT? Then EPT, which it needs, is on."""
    rows = [value for row in case.matrix.rows for value in row if isinstance(value, str)]
    return any("unrestricted guest 1" in text for text in rows) and not any("enable EPT" in step for step in case.steps)


# -- caps --------------------------------------------------------------------------------------------------------------

def _caps(plan: Plan, value: Value) -> None:
    """What the processor, or L0 towards L1, offers. Text explains a bit and demands nothing."""
    if not isinstance(value, dict):
        return
    for name, offered in value.items():
        handler = CAPS.get(name)
        if handler is not None:
            handler(plan, offered)
        elif name in CONTROLS and name not in vocabulary.CAPS:
            _control(plan, name, offered)
        elif name not in vocabulary.CAPS:
            raise Unsupported(f"caps {name}: no capability of the model")
        elif offered is True:
            raise Unsupported(f"caps {name}: {vocabulary.CAPS[name]}")


def _control(plan: Plan, name: str, offered: Value) -> None:
    """A control that L1 can set, or, as user space takes it away, cannot.  raises: Unsupported for one that KVM does not offer."""
    field, bit = CONTROLS[name]
    if offered is False:
        words = dict(plan.config.l1_caps).get("lacks", Caps().lacks)
        plan.limit_l1("lacks", tuple(word | bit if place == PLACES.index(field) else word for place, word in enumerate(words)))
    elif offered is True and not control_settings(plan.caps)[field].allowed_1 & bit:
        raise Unsupported(f"caps {name}: {vocabulary.VMX_CONTROLS}")


def _cap(name: str) -> Handler:
    """A capability that the processor model has as a switch; text only says which bit announces it."""
    def set_it(plan: Plan, offered: Any) -> None:
        if isinstance(offered, bool):
            switch: dict[str, Any] = {name: offered}
            plan.caps = plan.caps._replace(**switch)
    return set_it


def _invvpid(plan: Plan, offered: Value) -> None:
    """False: hidden from L1, whether or not VPIDs are."""
    if offered is False:
        plan.limit_l1("invvpid_types", ())


def _invvpid_types(plan: Plan, types: Value) -> None:
    """The types that L1 is offered; the processor itself offers what KVM needs, unless it offers none at all."""
    if tuple(types) != plan.caps.invvpid_types:
        plan.limit_l1("invvpid_types", tuple(types))


def _smm(plan: Plan, offered: Value) -> None:
    """KVM's guests have it since v4.2, whatever user space does."""
    if offered is False:
        raise Unsupported("caps smm: false: every guest has system-management mode")


def _emulated_for_l1(name: str) -> Handler:
    """KVM emulates it for L1, whatever the processor has; False: user space hides it."""
    def set_it(plan: Plan, offered: Any) -> None:
        if offered is False:
            plan.limit_l1(name, False)
    return set_it


def _maxphyaddr(plan: Plan, wanted: Value) -> None:
    """`>= 40`, `< 52`, or a number."""
    match = re.fullmatch(r"(>=|<)?\s*(\d+)", str(wanted))
    if match is None:
        raise Unsupported(f"caps maxphyaddr: {wanted}")
    number, has = int(match[2]), plan.caps.maxphyaddr
    least, most = {">=": (number, max(number, has)), "<": (0, number - 1), None: (number, number)}[match[1]]
    plan.caps = plan.caps._replace(maxphyaddr=min(max(has, least), most))


CAPS: Final[Mapping[str, Handler]] = {
    "shadow_vmcs": _emulated_for_l1("shadow_vmcs"), "vmcs_shadowing": _emulated_for_l1("shadow_vmcs"),
    **dict.fromkeys(("vmwrite_ro_fields", "vmwrite_any_field"), _emulated_for_l1("vmwrite_any_field")),
    "vpid": _cap("vpid"), "ept": _cap("ept"), "la57": _cap("la57"), "huge_1g": _cap("ept_1g"),
    "pcid": _cap("pcid"), "ept_ad": _cap("ept_ad"), "huge_2m": _cap("ept_2m"),
    **dict.fromkeys(("execute_only", "ept_execute_only", "exec_only"), _cap("ept_execute_only")),
    "unrestricted_guest": _cap("unrestricted_guest"), "invpcid": _cap("invpcid"),
    "virtualize_apic_accesses": _cap("apic_accesses"), "virtual_interrupt_delivery": _cap("virtual_interrupts"),
    "posted_interrupts": _cap("posted_interrupts"), "process_posted_interrupts": _cap("posted_interrupts"),
    "virtualize_x2apic": _cap("x2apic_mode"), "virtualize_x2apic_mode": _cap("x2apic_mode"),
    "apic_register_virtualization": _cap("apic_registers"), "apic_register_virt": _cap("apic_registers"),
    "pml": _emulated_for_l1("pml"), "mbec": premises.mode_based_execute, "mode_based_execute": premises.mode_based_execute,
    "use_tpr_shadow": nothing, "load_host_pat": nothing, "load_bndcfgs": nothing,
    "vmfunc": _cap("vmfunc"), "smm": _smm, "kvm_triple_fault_event": nothing, "eptp_switching": _cap("eptp_switching"),
    "invvpid": _invvpid, "invvpid_types": _invvpid_types, "invept": nothing, "invept_types": nothing,
    **dict.fromkeys(("preemption_timer", "mtf", "intr_window", "activity_hlt", "activity_wait_for_sipi"),
                    premises_of_vmcs12.event_capability),
    "maxphyaddr": _maxphyaddr, "mce": nothing, "load_guest_efer": nothing, "cr3_targets": nothing,
    "nmi_exiting": nothing, "virtual_nmis": nothing, "nmi_window": nothing, "no_hw_errcode_cc": premises.no_hw_errcode_cc,
    "xsave": always("XSAVE"), "smep": always("SMEP"), "smap": always("SMAP"),
    "max": nothing, "ept_uc": nothing, "ept_wb": nothing, "allowed0": nothing, "allowed1": nothing,
}


# -- l0 ----------------------------------------------------------------------------------------------------------------

def _l0(plan: Plan, value: Value) -> None:
    if value == immediate_exit.SITUATION:
        plan.fields |= {F.VM_ENTRY_INTR_INFO_FIELD: immediate_exit.INJECTED, F.GUEST_RFLAGS: RFLAGS_RESERVED1 | RFLAGS_IF}
        return
    if not isinstance(value, dict):
        raise Unsupported(f"given l0: {value}")
    for name, setting in value.items():
        if name not in L0:
            raise Unsupported(f"given l0 {name}: cannot be set up")
        L0[name](plan, setting)


def _enable_ept(plan: Plan, on: Value) -> None:
    plan.config = plan.config._replace(enable_ept=bool(on))


def _enable_vpid(plan: Plan, on: Value) -> None:
    plan.config = plan.config._replace(enable_vpid=bool(on))


def _vpid01(plan: Plan, number: Value) -> None:
    """0 without VPIDs; looked at again when the machine is there."""
    plan.vpid01 = int(number)


def _vpid02(plan: Plan, number: Value) -> None:
    """0: none was left to allocate."""
    if number not in (0, 2):
        raise Unsupported(f"vpid02 {number}: it is 2, or 0 when no VPID is left")
    plan.spare_vpids = number != 0


def _force_emulation_prefix(plan: Plan, on: Value) -> None:
    """The module parameter of KVM's own tests."""
    plan.config = plan.config._replace(force_emulation_prefix=bool(on))


L0: Final[Mapping[str, Handler]] = {
    "vendor": lambda plan, name: vendor(name), "enable_ept": _enable_ept, "enable_vpid": _enable_vpid, "vpid01": _vpid01,
    "vpid02": _vpid02, "forced_emulation_prefix": _force_emulation_prefix, "request_bits": premises.request_bits,
}


OF_AMD: Final = ("svm", "vmcb")
GIVEN: Final[Mapping[str, Handler]] = {
    "caps": _caps, "l0": _l0, "vmcs12": premises_of_vmcs12.vmcs12, "mode": phrases(premises_of_registers.MODE),
    "l1": phrases(premises_of_vmcs12.L1),
    "cr3": phrases(premises_of_registers.CR3), "cr4": bits_of(premises_of_registers.CR4),
    "guest_rflags": premises_of_vmcs12.guest_rflags, "eptp": premises_of_vmcs12.eptp,
    "vmx": phrases(premises_of_registers.VMX), "f": nothing, "memory operand": phrases(premises_of_memory.OPERAND),
    "operand": phrases(premises_of_memory.OPERAND),
    "vmcs": phrases(premises_of_vmcs12.VMCS), "msr": phrases(premises_of_registers.MSR),
    "list": phrases(premises_of_memory.MSR_LIST),
    "qualification_mask": nothing, "last_vpid": nothing, "note": nothing, "alignment": premises_of_memory.alignment,
    "fields": nothing,
    "entry_error_code": field(F.VM_ENTRY_EXCEPTION_ERROR_CODE), "entry_instr_len": field(F.VM_ENTRY_INSTRUCTION_LEN),
    "pte": phrases(premises_of_memory.PTE), "vmcb": refused(vocabulary.AMD), "svm": refused(vocabulary.AMD),
    "setup": phrases(premises_of_memory.SETUP), "default_state": premises.default_state,
    **{name: premises_of_registers.segment_register(name) for name in ("fs", "gs")}, "cpus": premises.one_cpu,
    "dr6": premises_of_registers.dr6, "idt": phrases(premises_of_vmcs12.IDT), "roots": premises_of_memory.roots,
    "l2": premises_of_vmcs12.l2, "op": phrases({"string I/O by L2": nothing, "emulated by L0": nothing}),
    "cpuid": phrases(premises.CPUID), "cr0": bits_of(premises_of_registers.CR0), "efer": bits_of(premises_of_registers.EFER),
}


# -- state of a row ------------------------------------------------------------------------------------------------------

def _vpid12_enabled(plan: Plan, on: Value) -> None:
    plan.control("enable_vpid", bool(on))
    plan.fields.setdefault(F.VIRTUAL_PROCESSOR_ID, 1 if on else 0)


def state_of_row(key: str) -> Handler:
    """What a column means that no text refers to: what its name means in `given`, a capability, something of vmcs12.

    raises: Unsupported.
    """
    of_given = GIVEN.get(key)
    if key in EXTRA:
        return EXTRA[key]
    if of_given is not None and of_given is not nothing:
        return of_given
    if key in CAPS and CAPS[key] is not nothing:
        return lambda plan, value: _caps(plan, {key: value})
    if key not in CAPS and key not in vocabulary.CAPS and (key in CONTROLS or key in premises_of_vmcs12.OF_VMCS12):
        return lambda plan, value: premises_of_vmcs12.vmcs12(plan, {key: value})
    raise Unsupported(f"{key}: no state that can be set up")


def _vpid12(plan: Plan, number: Value) -> None:
    plan.fields[F.VIRTUAL_PROCESSOR_ID] = int(number)


def _vmxe(plan: Plan, on: Value) -> None:
    plan.registers.append(f"cr4 {'|' if on else '&~'} VMXE")


EXTRA: Final[Mapping[str, Handler]] = {
    "l0_ept": _enable_ept, "vpid02": _vpid02, "vpid12_enabled": _vpid12_enabled, "vpid12": _vpid12, "vmxe": _vmxe,
    "bit_kind": nothing,                                # control_bits.py
    # What was before the transition is done by the harness, not by the machine's set-up (harness.py: warm_up()).
    "last_vpid": nothing, "vpid12_differs_from_last": nothing, "direction": nothing,
    "no_hw_errcode_cc": premises.no_hw_errcode_cc, "needs": premises.needs,
}
