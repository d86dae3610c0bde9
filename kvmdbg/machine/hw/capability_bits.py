"""The VMX capability MSRs bit by bit: what each bit tells, which capability it is, and a processor whose MSR has a given value.

Source: SDM Vol. 3D appendix A.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from kvmdbg.errors import UserError
from kvmdbg.machine.hw import capabilities as cap
from kvmdbg.machine.hw import controls as c
from kvmdbg.machine.hw.state import Caps

MUST_BE_0: Final = "must be 0"
MAY_BE_1: Final = "may be 1"
MUST_BE_1: Final = "must be 1"


class Part(NamedTuple):
    """A bit of an MSR, or a number in several of them."""

    low: int
    high: int
    name: str
    cap: str = ""             # the field of Caps behind it; "" where the model has it one way only
    item: int = -1            # where that field lists types: which one
    follows: str = ""         # from what, where the model works it out

    @property
    def bits(self) -> str:
        """As the manual writes them: `6`, `24:16`."""
        return str(self.low) if self.low == self.high else f"{self.high}:{self.low}"

    def of(self, value: int) -> int:
        """What an MSR of this value has there."""
        return value >> self.low & (1 << self.high - self.low + 1) - 1


class Decoded(NamedTuple):
    """One line about an MSR."""

    bits: str
    name: str
    setting: str              # "0", "1", a number in hexadecimal; of a control MUST_BE_0, MAY_BE_1 or MUST_BE_1


class Word(NamedTuple):
    """The control MSRs of one field."""

    place: int                # in Caps.lacks and Caps.required
    names: dict[int, str]     # control -> its name
    default1: int
    caps: dict[int, str]      # control -> its field of Caps
    true: bool = True         # bits 31:0 say what a VMCS must have; else every default1 bit is there


def _bit(number: int, name: str, field: str = "", item: int = -1, follows: str = "") -> Part:
    return Part(number, number, name, field, item, follows)


PIN: Final = Word(0, c.PIN_BITS, cap.PIN_DEFAULT1, cap.PIN_CAPS)
CPU: Final = Word(1, c.CPU_BITS, cap.CPU_DEFAULT1, {})
EXIT: Final = Word(2, c.EXIT_BITS, cap.EXIT_DEFAULT1, {})
ENTRY: Final = Word(3, c.ENTRY_BITS, cap.ENTRY_DEFAULT1, {})
WORDS: Final[dict[int, Word]] = {
    cap.IA32_VMX_TRUE_PINBASED_CTLS: PIN, cap.IA32_VMX_TRUE_PROCBASED_CTLS: CPU, cap.IA32_VMX_TRUE_EXIT_CTLS: EXIT,
    cap.IA32_VMX_TRUE_ENTRY_CTLS: ENTRY, cap.IA32_VMX_PINBASED_CTLS: PIN._replace(true=False),
    cap.IA32_VMX_PROCBASED_CTLS: CPU._replace(true=False), cap.IA32_VMX_EXIT_CTLS: EXIT._replace(true=False),
    cap.IA32_VMX_ENTRY_CTLS: ENTRY._replace(true=False),
    cap.IA32_VMX_PROCBASED_CTLS2: Word(4, c.SEC_BITS, 0, cap.SECONDARY_CAPS),
}
PARTS: Final[dict[int, tuple[Part, ...]]] = {
    cap.IA32_VMX_BASIC: (
        Part(0, 30, "VMCS revision identifier"), Part(32, 44, "size of a region"), _bit(48, "addresses of 32 bits"),
        _bit(49, "dual-monitor treatment of SMIs"), Part(50, 53, "memory type of regions"), _bit(54, "information on INS and OUTS"),
        _bit(55, "TRUE control MSRs", "true_controls"), _bit(56, "error code of any exception", "no_error_code_check")),
    cap.IA32_VMX_MISC: (
        Part(0, 4, "TSC bits behind the preemption timer", "timer_rate"), _bit(6, "activity state HLT"),
        _bit(5, "LMA is stored in IA32E_MODE", follows="UNRESTRICTED_GUEST of IA32_VMX_PROCBASED_CTLS2"),
        _bit(7, "activity state shutdown"), _bit(8, "activity state wait-for-SIPI", "wait_for_sipi"),
        _bit(14, "Intel PT in VMX operation"),
        _bit(15, "RDMSR of IA32_SMBASE"), Part(16, 24, "CR3-target values", "cr3_targets"), Part(25, 27, "size of MSR lists"),
        _bit(28, "SMIs blocked until VMXOFF"), _bit(29, "VMWRITE to any field", "vmwrite_any_field"),
        _bit(30, "injection with length 0", "zero_length_injection"), Part(32, 63, "MSEG revision identifier")),
    cap.IA32_VMX_VMCS_ENUM: (Part(1, 9, "highest index of a field"),),
    cap.IA32_VMX_EPT_VPID_CAP: (
        _bit(0, "execute-only pages", "ept_execute_only"), _bit(6, "page walk of 4 levels"), _bit(7, "page walk of 5 levels"),
        _bit(8, "memory type UC", "ept_uc"), _bit(14, "memory type WB", "ept_wb"), _bit(16, "2-MiB pages", "ept_2m"),
        _bit(17, "1-GiB pages", "ept_1g"), _bit(20, "INVEPT", follows="bits 25 and 26"),
        _bit(21, "accessed and dirty flags", "ept_ad"),
        _bit(22, "advanced exit information"), _bit(23, "supervisor shadow stacks"),
        _bit(25, "INVEPT: single context", "invept_types", 1), _bit(26, "INVEPT: all contexts", "invept_types", 2),
        _bit(32, "INVVPID", follows="bits 43:40"), _bit(40, "INVVPID: one address", "invvpid_types", 0),
        _bit(41, "INVVPID: single context", "invvpid_types", 1), _bit(42, "INVVPID: all contexts", "invvpid_types", 2),
        _bit(43, "INVVPID: single context but globals", "invvpid_types", 3)),
    cap.IA32_VMX_VMFUNC: (_bit(0, "EPTP switching", "eptp_switching"),),
    **{number: tuple(_bit(mask.bit_length() - 1, f"CR0.{name}") for mask, name in c.CR0_BITS.items())
       for number in (cap.IA32_VMX_CR0_FIXED0, cap.IA32_VMX_CR0_FIXED1)},
    **{number: tuple(_bit(mask.bit_length() - 1, f"CR4.{name}", {"PCIDE": "pcid", "LA57": "la57"}.get(name, ""))
                     for mask, name in c.CR4_BITS.items()) for number in (cap.IA32_VMX_CR4_FIXED0, cap.IA32_VMX_CR4_FIXED1)},
}
NUMBERS: Final[dict[str, int]] = {name: number for name, number in cap.NUMBERS.items() if number in WORDS or number in PARTS}
NAMES: Final[dict[int, str]] = {number: name for name, number in NUMBERS.items()}


def decode(number: int, value: int) -> tuple[Decoded, ...]:
    """An MSR's value, line by line; bits that mean nothing are listed where they are set."""
    if number in WORDS:
        return tuple(Decoded(str(bit), control_name(number, bit), setting(value, bit)) for bit in range(32)
                     if 1 << bit in WORDS[number].names or (value | value >> 32) >> bit & 1)
    known = PARTS[number]
    rest = value & ~sum((1 << part.high + 1) - (1 << part.low) for part in known)
    others = tuple(_bit(bit, "reserved") for bit in range(rest.bit_length()) if rest >> bit & 1)
    return tuple(Decoded(part.bits, part.name, f"{part.of(value):x}") for part in sorted((*known, *others)))


def control_name(number: int, bit: int) -> str:
    """The name of a control by its bit of a control MSR; one that means nothing has none."""
    word = WORDS[number]
    return word.names.get(1 << bit, "(default1)" if word.default1 >> bit & 1 else "(reserved)")


def setting(value: int, bit: int) -> str:
    """What a control MSR of this value says of a control."""
    if value >> bit & 1:
        return MUST_BE_1
    return MAY_BE_1 if value >> 32 + bit & 1 else MUST_BE_0


# -- a processor by the value of its MSR ----------------------------------------------------------------------------------

def with_msr(caps: Caps, number: int, value: int, revision: int) -> Caps:
    """The processor `caps` with another value of one MSR: bits that are missing take their capabilities away.

    raises: UserError with the first bit that the model has one way only, or that follows from others.
    """
    changed = caps
    old = cap.vmx_msrs(caps, revision).get(number, 0)
    for bit in range(64):
        if (old ^ value) >> bit & 1:
            changed = change(changed, number, bit, value)
    wrong = cap.vmx_msrs(changed, revision).get(number, 0) ^ value
    if wrong:
        raise fixed(number, (wrong & -wrong).bit_length() - 1, value)
    return changed


def change(caps: Caps, number: int, bit: int, value: int) -> Caps:
    """One bit of the MSR the other way, if a capability is behind it."""
    if number in WORDS:
        return change_control(caps, number, bit, value)
    if number == cap.IA32_VMX_CR4_FIXED0:
        return caps._replace(cr4_fixed0=value | c.CR4_VMXE)
    part = part_of(number, bit)
    return with_cap(caps, part.cap, part.item, part.of(value)) if part.cap else caps


def part_of(number: int, bit: int) -> Part:
    """What a bit of an MSR without controls belongs to."""
    return next((part for part in PARTS[number] if part.low <= bit <= part.high), _bit(bit, "reserved"))


def with_cap(caps: Caps, field: str, item: int, value: int) -> Caps:
    """A field of Caps with the value that bits of an MSR give it."""
    old = getattr(caps, field)
    new: Any = bool(value) if isinstance(old, bool) else value
    if isinstance(old, tuple):
        new = tuple(sorted({*old, item})) if value else tuple(one for one in old if one != item)
    both = {"required": full_default1()} if field == "true_controls" and not value else {}
    return caps._replace(**{field: new, **both})


def full_default1() -> tuple[int, ...]:
    """What a processor without the TRUE MSRs demands."""
    return cap.PIN_DEFAULT1, cap.CPU_DEFAULT1, cap.EXIT_DEFAULT1, cap.ENTRY_DEFAULT1


def change_control(caps: Caps, number: int, bit: int, value: int) -> Caps:
    """A control that may be 1 no more, or again; in bits 31:0 one that need not be 1 any more, or must."""
    word, control = WORDS[number], 1 << (bit & 31)
    if bit < 32:
        return caps._replace(required=flipped(caps.required, word, control)) if word.true and word.default1 & control else caps
    if control in word.caps:
        field: dict[str, Any] = {word.caps[control]: bool(value >> bit & 1)}
        return caps._replace(**field)
    return caps._replace(lacks=flipped(caps.lacks, word, control)) if cap.offered_words()[word.place] & control else caps


def flipped(words: tuple[int, ...], word: Word, control: int) -> tuple[int, ...]:
    """One bit of one word the other way."""
    return tuple(bits ^ control if place == word.place else bits for place, bits in enumerate(words))


def name_of(number: int, bit: int) -> str:
    """What a bit is about."""
    if number not in WORDS:
        return part_of(number, bit).name
    return f"{control_name(number, bit & 31)} {MAY_BE_1 if bit > 31 else MUST_BE_1}"


def fixed(number: int, bit: int, value: int) -> UserError:
    """The error for a bit that the model has one way only."""
    follows = "" if number in WORDS else part_of(number, bit).follows
    reason = f"it follows from {follows}" if follows else "the model has it one way only"
    return UserError(f"{NAMES[number]}: bit {bit} ({name_of(number, bit)}) cannot be {value >> bit & 1}: {reason}",
                     f"`info capabilities {NAMES[number]}` shows every bit; `info model` says what is not modelled.")
