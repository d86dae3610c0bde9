"""Premises as `given` words them: handlers that put one of them into a Plan, and the phrases of modes and registers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw import paging
from kvmdbg.machine.hw.controls import CR0_BITS, CR4_BITS, CR4_PGE, CR4_VMXE, EFER_BITS
from kvmdbg.machine.hw.execute import VECTORS
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.msrs import bitmap_bit
from kvmdbg.session.cases import l2_scene, leaf_of_v, msr_names
from kvmdbg.session.cases.binding import MASK64, MSR_AREA, MSR_LIST_MAX, PAGE_SHIFT, SHADOW_VMCS, Binding
from kvmdbg.session.cases.control_names import CONTROLS
from kvmdbg.session.cases.debug_bits import debug_bits
from kvmdbg.session.cases.layout import CachedRoot, SegmentRegister
from kvmdbg.session.cases.leaf_of_v import LeafOfV
from kvmdbg.session.cases.model import Value
from kvmdbg.session.cases.setup import EPTP_NAMES, FIRST_EPTP, Plan
from kvmdbg.session.cases.vocabulary import SEVERAL_CPUS

Handler = Callable[[Plan, Any], None]
_BETWEEN: Final = re.compile(r"[,;](?![^()]*\))")       # a comma or a semicolon, but not one in parentheses
DEFAULT_STATE: Final = "format 0, size header+4096, vmxon_pa 0x1000, vmcs12_pa 0x2000, flags 0 "
FIELDS_OF_VMCS12: Final = {"vpid": F.VIRTUAL_PROCESSOR_ID, "vmfunc_controls": F.VM_FUNCTION_CONTROL,
                           "timer_value": F.VMX_PREEMPTION_TIMER_VALUE}
DEMANDED: Final = re.compile(r"CR4 bit demanded by FIXED0")
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


def nothing(plan: Plan, value: Value) -> None:
    """The premise holds anyway, or explains something."""


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


def phrases(known: Mapping[str, Handler]) -> Handler:
    """A text of phrases between commas and semicolons, each of which must be known; a pattern's groups are its value."""
    def handle(plan: Plan, text: Value) -> None:
        for phrase in (part.strip() for part in _BETWEEN.split(str(text)) if part.strip()):
            found = [(handler, match) for pattern, handler in known.items() if (match := re.fullmatch(pattern, phrase))]
            if not found:
                raise Unsupported(f"{phrase}: cannot be set up")
            handler, match = found[0]
            handler(plan, match.groups())
    return handle


def always(name: str) -> Handler:
    """A feature that every processor of the model has."""
    def always(plan: Plan, offered: Value) -> None:
        if offered is False:
            raise Unsupported(f"caps {name.lower()}: false: every processor of the model has {name}")
    return always


def bits_of(known: Mapping[str, Handler]) -> Handler:
    """`{OSXSAVE: 1}`, or the same as a text of phrases."""
    def handle(plan: Plan, value: Value) -> None:
        text = ", ".join(f"{name}={int(on)}" for name, on in value.items()) if isinstance(value, dict) else value
        phrases(known)(plan, text)
    return handle


def launched(plan: Plan, value: Value) -> None:
    """L2 has been entered with the VMCS, and has come back by a VMCALL."""
    plan.layout = plan.layout._replace(launched=True)


def bad_rflags(plan: Plan, value: Value) -> None:
    """As guest_rflags()."""
    plan.fields[F.GUEST_RFLAGS] = 0


def unlocked(plan: Plan, groups: Value) -> None:
    """Firmware has left IA32_FEATURE_CONTROL alone: user space starts the guest with 0 in it."""
    plan.layout = plan.layout._replace(feature_control=0)


def demanded_bits(plan: Plan, texts: tuple[str, ...]) -> None:
    """A case about bits of CR4 that FIXED0 demands beside VMXE: user space has made L1's processor one that demands PGE."""
    if any(DEMANDED.search(text) for text in texts):
        plan.limit_l1("cr4_fixed0", CR4_VMXE | CR4_PGE)


def every_msr(plan: Plan, groups: Value) -> None:
    """As many entries as a list may have, each with this register and the value 0."""
    number = msr_names.number(groups[0])
    msr_list(plan, tuple((number, 0) for _ in range(MSR_LIST_MAX)))


def behind_the_list(plan: Plan, groups: Value) -> None:
    """Every byte of what would be the next entry."""
    word = int(groups[0], 0) * 0x0101_0101_0101_0101
    msr_list(plan, (*plan.layout.msr_list, (word & MASK64, word & MASK64)))


def one_msr(plan: Plan, groups: Value) -> None:
    """`one entry: FS_BASE = 0`."""
    msr_list(plan, ((msr_names.number(groups[0]), int(groups[1] or "0", 0)),))


def list_at(plan: Plan, groups: Value) -> None:
    """The memory there is as it is: L1 has written nothing to it."""
    msr_list(plan, (), int(groups[0], 0))


def msr_list(plan: Plan, entries: tuple[tuple[int, int], ...], at: int = MSR_AREA) -> None:
    """The list behind each of vmcs12's three addresses; steps choose by writing a count."""
    plan.layout = plan.layout._replace(msr_list=entries)
    plan.fields |= dict.fromkeys((F.VM_ENTRY_MSR_LOAD_ADDR, F.VM_EXIT_MSR_STORE_ADDR, F.VM_EXIT_MSR_LOAD_ADDR), at)


def no_vmx(plan: Plan, value: Value) -> None:
    plan.vmx = False


def in_root(plan: Plan, value: Value) -> None:
    """L1 is in VMX operation before step 1, even where a step executes VMXON."""
    plan.in_root = True


def no_current_vmcs(plan: Plan, value: Value) -> None:
    plan.current_vmcs = False


def cpl(plan: Plan, groups: Value) -> None:
    plan.cpl = int(groups[0])


def operand_page_missing(plan: Plan, value: Value) -> None:
    plan.operand_mapped = False


def operand_page_read_only(plan: Plan, value: Value) -> None:
    plan.operand_flags = "r"


def compatibility(plan: Plan, value: Value) -> None:
    plan.compatibility = True


def set_bit(register: str, names: Mapping[int, str]) -> Handler:
    """A bit of a control register or of EFER by its name."""
    def set_bit(plan: Plan, groups: Value) -> None:
        name, on = groups
        if name not in names.values():
            raise Unsupported(f"{register.upper()}.{name}: no bit of {register.upper()} in the model")
        plan.registers.append(f"{register} {'|' if on == '1' else '&~'} {name}")
    return set_bit


set_cr4: Final = set_bit("cr4", CR4_BITS)


def nx(plan: Plan, groups: Value) -> None:
    """EFER.NX is the kernel's and the suites' name of IA32_EFER.NXE."""
    set_bit("efer", EFER_BITS)(plan, ("NXE", *groups))


def set_pcid(plan: Plan, groups: Value) -> None:
    plan.registers.append(f"cr3 pcid {int(groups[0], 0)}")


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


def calls_at_once(plan: Plan, value: Value) -> None:
    plan.calls_at_once = True


def field(encoding: int) -> Handler:
    """A number that L1 has written into a field."""
    def set_it(plan: Plan, value: Value) -> None:
        plan.fields[encoding] = int(value, 0) if isinstance(value, str) else int(value)
    return set_it


def leaf(lacks: str = "", bits: int = 0, present: bool = True, large: bool = False) -> Handler:
    """Of L1's mapping of V: a right that it lacks, or something else that sets it apart."""
    def leaf(plan: Plan, value: Value) -> None:
        old = plan.layout.v
        rights = "".join(letter for letter in old.rights if letter not in lacks)
        v = LeafOfV(rights, old.present and present, old.bits | bits, old.large or large)
        plan.layout = plan.layout._replace(v=v)
    return leaf


def leaf_bit(plan: Plan, groups: Value) -> None:
    """A bit of it by its number."""
    leaf(bits=1 << int(groups[0]))(plan, groups)


def no_hw_errcode_cc(plan: Plan, on: Value) -> None:
    """VMX_BASIC bit 56 of the processor and, which no KVM up to v6.12 does, of L1."""
    if on is True:
        plan.caps = plan.caps._replace(no_error_code_check=True)
        plan.more_for_l1.append("offers_no_error_code_check_to_l1")


def mode_based_execute(plan: Plan, offered: Value) -> None:
    """The control of the processor and, which no KVM up to v6.12 does, of L1."""
    if offered is True:
        plan.caps = plan.caps._replace(mode_based_execute=True)
        plan.more_for_l1.append("offers_mode_based_execute_to_l1")


def alignment(plan: Plan, value: Value) -> None:
    """`the alignment` in words is that of a page."""
    if value != 1 << PAGE_SHIFT:
        raise Unsupported(f"given alignment: {value}")


def default_state(plan: Plan, value: Value) -> None:
    """The state of nesting that steps change before user space restores it; the vCPU itself has never been in VMX operation."""
    if not str(value).startswith(DEFAULT_STATE):
        raise Unsupported(f"given default_state: {value}")
    plan.vmx = False


def no_vmx_in_cpuid(plan: Plan, groups: Value) -> None:
    """The guest is offered no VMX, in the first rows or in all of them: to KVM that is as nested=0."""
    word = groups[0] if groups else None
    if word is not None and word not in COUNTS:
        raise Unsupported(f"VMX off in the first {word} rows: cannot be set up")
    if word is None or plan.row <= COUNTS.index(word):
        plan.config = plan.config._replace(nested=False)
        plan.vmx = False


def needs(plan: Plan, what: Value) -> None:
    """A memory type of EPT that L1 is offered, or is not: KVM knows only write-back, which user space can take away."""
    if what not in ("-", "ept_uc", "no ept_uc", "ept_wb", "no ept_wb"):
        raise Unsupported(f"needs {what}: no capability that a row can need")
    if what == "ept_uc":
        plan.more_for_l1.append("offers_ept_uc_to_l1")
    elif what == "no ept_wb":
        plan.limit_l1("ept_wb", False)


def refused(reason: str) -> Handler:
    def refuse(plan: Plan, value: Value) -> None:
        raise Unsupported(reason)
    return refuse


def identity(plan: Plan, groups: Value) -> None:
    """`pages 0x1000 and 0x2000 identity-mapped`."""
    plan.layout = plan.layout._replace(identity=tuple(int(page, 0) for page in re.findall(r"\w*\d\w*", groups[0])))


def shared_pmd(plan: Plan, groups: Value) -> None:
    """The rights of the two upper entries."""
    plan.layout = plan.layout._replace(shared_pmd=tuple(groups))


def segment_register(name: str) -> Handler:
    """`base 0x1000, limit 0xfffff`, `null`, `base 0, limit 1, expand-down`: a data-segment register of L1."""
    def load(plan: Plan, text: Value) -> None:
        words = {"base": 0, "limit": 0xFFFF_FFFF}
        flags = []
        for phrase in (part.strip() for part in str(text).split(",")):
            if match := _BASE_OR_LIMIT.fullmatch(phrase):
                words[match[1]] = int(match[2], 0)
            elif phrase in _KINDS_OF_SEGMENT:
                flags.append(_KINDS_OF_SEGMENT[phrase])
            else:
                raise Unsupported(f"given {name}: {phrase}")
        found = SegmentRegister(name, words["base"], words["limit"], "unusable" in flags, "expand_down" in flags)
        plan.layout = plan.layout._replace(segments=(*plan.layout.segments, found))
    return load


def dr6(plan: Plan, value: Value) -> None:
    """What the debug status register holds, for L1 and L2 alike."""
    plan.layout = plan.layout._replace(dr6=debug_bits(Binding(plan.caps), value))


def one_cpu(plan: Plan, number: Value) -> None:
    if number != 1:
        raise Unsupported(SEVERAL_CPUS)


def roots(plan: Plan, text: Value) -> None:
    """`cached shadow-EPT roots for EPTP A (A/D on), A (A/D off) and B`."""
    match = _ROOTS.fullmatch(str(text))
    found = [_ROOT.fullmatch(part) for part in re.split(r", | and ", match[1])] if match else []
    if not found or not all(found):
        raise Unsupported(f"given roots: {text}")
    cached = tuple(CachedRoot(one[1], one[2] == "on") for one in found if one)
    plan.layout = plan.layout._replace(roots=cached)
    plan.control("enable_ept", True)


def request_bits(plan: Plan, wanted: Value) -> None:
    """`{TLB_FLUSH_CURRENT: arch 26}`: the kernel must number its requests so."""
    bits = kernel(plan.kernel).request_bits()
    for name, text in wanted.items():
        match = re.fullmatch(r"(arch )?(\d+)", str(text))
        if match is None or bits.get(name) != int(match[2]) + (ARCH_REQUESTS if match[1] else 0):
            raise Unsupported(f"request_bits {name}: {text}: {plan.kernel} numbers it {bits.get(name, 'not at all')}")


def l2_in_pae_paging(plan: Plan, groups: Value) -> None:
    plan.layout = plan.layout._replace(l2_pae=True)


def other_pdpt_under_b(plan: Plan, groups: Value) -> None:
    plan.layout = plan.layout._replace(pdpt_under_b=True)


_ROOTS: Final = re.compile(r"cached (?:shadow-EPT )?roots for EPTPs? (.+)")
_ROOT: Final = re.compile(r"([AB])(?: \(A/D (on|off)\))?")
ARCH_REQUESTS: Final = 8                  # KVM_REQUEST_ARCH_BASE
_BASE_OR_LIMIT: Final = re.compile(r"(base|limit) (0x[0-9a-fA-F]+|\d+)")
_KINDS_OF_SEGMENT: Final = {
    "null": "unusable", "NULL": "unusable", "null selector": "unusable", "expand-down": "expand_down", "expand down": "expand_down",
    "flat": "",
}
VMX: Final[Mapping[str, Handler]] = {
    "not entered|off": no_vmx, "entered|(in )?root( operation)?|on": in_root, "(with )?no current VMCS": no_current_vmcs,
    "(with )?a current VMCS": nothing,
}
MODE: Final[Mapping[str, Handler]] = {
    "64-bit": nothing, "CPL ?([0-3])": cpl, "VMX root( operation)?": in_root, "(a )?current VMCS": nothing, "L2": nothing,
    "no current VMCS": no_current_vmcs, "current VMCS in the clear state": nothing,
    "VMX not entered|(outside|not in) VMX operation|VMX off": no_vmx,
    "64-bit L2 that executes VMCALL at once": calls_at_once, "32-bit code segment under long mode": compatibility,
}
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
OPERAND: Final[Mapping[str, Handler]] = {
    "mapped and readable": nothing, "(mapped )?read-only( page)?|not writable": operand_page_read_only,
    "(not present|unmapped|not mapped|not readable|unreadable)( page)?": operand_page_missing,
}
PTE: Final[Mapping[str, Handler]] = {
    "present": nothing, "not present|not-present|non-present": leaf(present=False),
    "accessed": leaf(bits=paging.A), "dirty": leaf(bits=paging.D), "not accessed|not dirty|clean": nothing,
    "read-only|not writable|not writeable": leaf("w"), "writable|writeable|read-write": nothing,
    "supervisor": leaf("u"), "user": nothing, "executable": nothing,
    "NX|nx|XD|no-execute|not executable|non-executable": leaf("x"), "global": leaf(bits=leaf_of_v.GLOBAL),
    r"(?:reserved )?bit (\d+)(?: set)?(?: \(reserved\))?": leaf_bit,
    "(large|huge|2M|2 MiB|2M large|2 MiB large)( page)?": leaf(large=True),
}
SETUP: Final[Mapping[str, Handler]] = {
    r"pages? (\w+(?:(?: and |/)\w+)*) (?:is |are )?identity-mapped(?: and present)?": identity,
    r"A/D bits of their PTEs serve as the probe": nothing,
    r"paths 1 and 3 go through pud1 \(([^)]*)\) and pud2 \(([^)]*)\) to the same pmd page": shared_pmd,
    r"gpa G = 1<<39": nothing, r"alone under its PML4 entry": nothing,
    r"every change of an EPT entry is followed by single-context INVEPT": nothing,
    r"the EPT leaf of the guest page-table page that holds the PTE of gva V is changed": nothing,
    r"the guest PTE A and D bits are preset": nothing, r"guest TLB flushed by L2 \(mov cr3\)": nothing,
}
COUNTS: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
CPUID: Final[Mapping[str, Handler]] = {
    "VMX": nothing, r"(?:no VMX|VMX off)(?: in the first (\w+) rows?)?": no_vmx_in_cpuid,
}
L2: Final[Mapping[str, Handler]] = {
    "64-bit": nothing, "32-bit": l2_in_pae_paging, "PAE( paging)?": l2_in_pae_paging,
    "the PDPT page has other contents under B": other_pdpt_under_b,
}
CR3: Final[Mapping[str, Handler]] = {r"bits 11:0 = (\w+)": set_pcid}
VMCS: Final[Mapping[str, Handler]] = {
    "cleared and current": nothing, "none": no_current_vmcs, "already launched|launched": launched,
    "guest RFLAGS bit 1 is 0": bad_rflags,
}
MSR: Final[Mapping[str, Handler]] = {"FEATURE_CONTROL (?:is )?not locked|FEATURE_CONTROL unlocked": unlocked}
MSR_LIST: Final[Mapping[str, Handler]] = {
    r"every entry is (\w+)": every_msr, r"the memory behind it is filled with (\w+)": behind_the_list,
    r"one entry at (\w+)": list_at, r"one entry: (\w+)(?: = (\w+))?": one_msr,
}
CR4: Final[Mapping[str, Handler]] = {r"(?:CR4\.)?(\w+)=([01])": set_cr4}
CR0: Final[Mapping[str, Handler]] = {r"(?:CR0\.)?(\w+)=([01])": set_bit("cr0", CR0_BITS)}
EFER: Final[Mapping[str, Handler]] = {
    r"(?:EFER\.)?NX=([01])": nx, r"(?:EFER\.)?(\w+)=([01])": set_bit("efer", EFER_BITS),
}
