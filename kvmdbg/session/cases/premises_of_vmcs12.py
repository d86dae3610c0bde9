"""Premises about what L1 has written for L2: vmcs12, L2's code and handlers, what L1 intercepts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import CR0_BITS
from kvmdbg.machine.hw.delivery import VECTORS
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.msrs import bitmap_bit
from kvmdbg.session.cases import l2_scene, msr_names
from kvmdbg.session.cases.binding import MASK64, SHADOW_VMCS, Binding
from kvmdbg.session.cases.control_names import CONTROLS
from kvmdbg.session.cases.model import Value
from kvmdbg.session.cases.phrases import Handler, nothing, phrases
from kvmdbg.session.cases.premises_of_registers import no_current_vmcs, nx, set_bit, set_cr4, set_pcid
from kvmdbg.session.cases.setup import EPTP_NAMES, FIRST_EPTP, Plan

FIELDS_OF_VMCS12: Final = {"vpid": F.VIRTUAL_PROCESSOR_ID, "vmfunc_controls": F.VM_FUNCTION_CONTROL,
                           "timer_value": F.VMX_PREEMPTION_TIMER_VALUE}
INTERCEPTED: Final = re.compile(r"(\w+(?:(?:, | and )\w+)*) (?:is |are )?(not )?intercepted(?: for (reads|writes))?")
NOTHING_INTERCEPTED: Final = ("nothing intercepted", "all zero", "empty")
OF_VMCS12: Final = (*FIELDS_OF_VMCS12, "idt_limit", "exc_bitmap")      # what a row may say of it beside controls
ALL_EXCEPTIONS: Final = ("all", "all ones", "~0", "all exceptions")
EXITING: Final = {"HLT": "hlt_exiting", "PAUSE": "pause_exiting", "INVLPG": "invlpg_exiting", "NMI": "nmi_exiting"}
LINK_POINTER: Final = ("link_pointer", "vmcs_link_pointer", "vmcs_link_ptr")
LINKS: Final = {
    **dict.fromkeys(("~0", "all ones", "-1", str(MASK64)), MASK64),
    **dict.fromkeys(("a cleared shadow VMCS", "a shadow VMCS", "the shadow VMCS", "shadow VMCS"), SHADOW_VMCS),
}


def vmcs12(plan: Plan, value: Value) -> None:
    for name, setting in value.items():
        if name in FIELDS_OF_VMCS12:
            plan.fields[FIELDS_OF_VMCS12[name]] = int(setting)
        elif name == "eptp_list":
            eptp_list(plan, setting)
        elif name == "tsc_offset":
            tsc_offset(plan, setting)
        elif name == "msr_bitmap":
            msr_bitmap(plan, setting)
        elif name == "idt_limit":
            idt_limit(plan, (setting,))
        elif name == "exc_bitmap":
            intercepted(plan, (setting,))
        elif name in LINK_POINTER:
            link_pointer(plan, setting)
        elif name == "eptp" and setting == FIRST_EPTP:
            plan.control("enable_ept", True)
        else:
            plan.control(name, bool(setting))


def intercepted(plan: Plan, groups: Value) -> None:
    """`#SS #GP #DF`: exceptions that make L2 exit; `PAUSE and HLT`: instructions that do; a number is the whole bitmap."""
    if isinstance(groups[0], int) or groups[0] in ALL_EXCEPTIONS:
        plan.fields[F.EXCEPTION_BITMAP] = groups[0] if isinstance(groups[0], int) else 0xFFFF_FFFF
        return
    for word in re.split(r"[ ,|]+|\band\b", str(groups[0])):
        if word in VECTORS:
            plan.fields[F.EXCEPTION_BITMAP] = plan.fields.get(F.EXCEPTION_BITMAP, 0) | 1 << VECTORS[word]
        elif word in EXITING:
            plan.control(EXITING[word], True)
        elif word and word not in ("none", "nothing"):
            raise Unsupported(f"intercepts {word}: no exception, and no instruction with a control of its own")


def idt_limit(plan: Plan, groups: Value) -> None:
    """Of L2, which has one then."""
    with_scene(plan)
    plan.fields[F.GUEST_IDTR_LIMIT] = int(str(groups[0]), 0)


def idt(plan: Plan, groups: Value) -> None:
    """`page not present in the EPT of L1`: nothing is wrong with L2's own tables."""
    with_scene(plan)
    if plan.layout.l2_scene is not None:
        plan.layout = plan.layout._replace(l2_scene=plan.layout.l2_scene._replace(hidden_idt=True))
    plan.control("enable_ept", True)


def with_scene(plan: Plan, scene: l2_scene.Scene = l2_scene.NOTHING) -> None:
    """L2 has an IDT with handlers, a stack, and code where the case puts some."""
    old = plan.layout.l2_scene or l2_scene.NOTHING
    if not old.code and not old.rip:
        plan.layout = plan.layout._replace(l2_scene=scene._replace(hidden_idt=old.hidden_idt))


def l2(plan: Plan, text: Value) -> None:
    """Phrases about its mode; else about its code."""
    try:
        phrases(L2)(plan, text)
    except Unsupported:
        with_scene(plan, l2_scene.read(str(text)))


def event_capability(plan: Plan, offered: Value) -> None:
    """What the timer, the windows and the trap are about is where L2 stands: it has handlers; HLT is its own affair."""
    if offered is False:
        raise Unsupported("a capability of events that is missing cannot be set up")
    with_scene(plan)
    plan.controls.setdefault(CONTROLS["hlt_exiting"], False)


def self_ipi(plan: Plan, groups: Value) -> None:
    """It waits in L1's local APIC; L2 has code to run."""
    plan.pending_irq = int(groups[0], 0)
    with_scene(plan, l2_scene.RUNNING)


def link_pointer(plan: Plan, text: Value) -> None:
    """All ones, or the shadow VMCS that L1 has made and cleared (base.py)."""
    if str(text) not in LINKS:
        raise Unsupported(f"vmcs12 link_pointer: {text}")
    plan.fields[F.VMCS_LINK_POINTER] = LINKS[str(text)]


def tsc_offset(plan: Plan, value: Value) -> None:
    """A number or an expression; negative ones are the rule."""
    plan.fields[F.TSC_OFFSET] = value & MASK64 if isinstance(value, int) else Binding(plan.caps).signed64(str(value))


def msr_bitmap(plan: Plan, text: Value) -> None:
    """`TSC not intercepted`, `FS_BASE and GS_BASE intercepted for reads`, `nothing intercepted`: the other bits are 0."""
    plan.control("use_msr_bitmaps", True)
    if str(text) in NOTHING_INTERCEPTED:
        return
    match = INTERCEPTED.fullmatch(str(text))
    numbers = [msr_names.number(name) for name in re.split(r", | and ", match[1])] if match else []
    if match is None or any(bitmap_bit(number, write=True) is None for number in numbers):
        raise Unsupported(f"vmcs12 msr_bitmap: {text}")
    directions = (False, True) if match[3] is None else (match[3] == "writes",)
    asked = tuple((number, write) for number in numbers for write in directions if not match[2])
    plan.layout = plan.layout._replace(msr_intercepts=(*plan.layout.msr_intercepts, *asked))


def eptp_list(plan: Plan, text: Value) -> None:
    """`page with entries [A, B, A, BADTYPE]`: two EPT hierarchies, A the one in use, and an EPTP of a bad memory type."""
    match = re.fullmatch(r"page with entries \[([\w,| ]+)\]", str(text))
    names = tuple(name.strip() for name in match[1].split(",")) if match else ()
    if not names or not set(names) <= set(EPTP_NAMES):
        raise Unsupported(f"vmcs12 eptp_list: {text}")
    plan.eptp_list = names


def launched(plan: Plan, value: Value) -> None:
    """L2 has been entered with the VMCS, and has come back by a VMCALL."""
    plan.layout = plan.layout._replace(launched=True)


def bad_rflags(plan: Plan, value: Value) -> None:
    """As guest_rflags()."""
    plan.fields[F.GUEST_RFLAGS] = 0


def guest_rflags(plan: Plan, value: Value) -> None:
    """Bit 1 of RFLAGS is always 1: a guest state with 0 there fails the checks after those of controls and host state."""
    if str(value).startswith("bit 1 is 0"):
        plan.fields[F.GUEST_RFLAGS] = 0
    elif value != "good":
        raise Unsupported(f"given guest_rflags: {value}")


def eptp(plan: Plan, value: Value) -> None:
    if not isinstance(value, dict) or set(value) != {"ad"}:
        raise Unsupported(f"given eptp: {value}")
    plan.ept_ad = bool(value["ad"])


def l2_in_pae_paging(plan: Plan, groups: Value) -> None:
    plan.layout = plan.layout._replace(l2_pae=True)


def other_pdpt_under_b(plan: Plan, groups: Value) -> None:
    plan.layout = plan.layout._replace(pdpt_under_b=True)


IDT: Final[Mapping[str, Handler]] = {
    r"limit (\w+)": idt_limit, "empty|no entries": lambda plan, groups: idt_limit(plan, (0,)),
    r"(?:its )?(?:page )?(?:is )?not (?:present|mapped) in (?:the EPT of L1|L1's EPT|EPT12|the EPT)": idt,
}
L1: Final[Mapping[str, Handler]] = {
    r"CR4\.(\w+)=([01])": set_cr4, r"CR0\.(\w+)=([01])": set_bit("cr0", CR0_BITS), r"EFER\.NX=([01])": nx,
    r"CR3 has PCID (\w+)": set_pcid, r"HOST_CR3/HOST_CR4 hold the same": nothing,
    "interrupts off": nothing,
    r"self-IPI vector (\w+) pending": self_ipi, r"intercepts (.*)": intercepted, r"IDT limit (\w+)": idt_limit,
}
L2: Final[Mapping[str, Handler]] = {
    "64-bit": nothing, "32-bit": l2_in_pae_paging, "PAE( paging)?": l2_in_pae_paging,
    "the PDPT page has other contents under B": other_pdpt_under_b,
}
VMCS: Final[Mapping[str, Handler]] = {
    "cleared and current": nothing, "none": no_current_vmcs, "already launched|launched": launched,
    "guest RFLAGS bit 1 is 0": bad_rflags,
}
