"""`vmwrite FIELD value`, `vmwrite FIELD |= BIT`, `vmwrite EPTP bit 6 = 1`: write a field of the current VMCS."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import controls
from kvmdbg.machine.hw.capabilities import NUMBERS, vmx_msrs
from kvmdbg.machine.hw.fields import FIELDS, F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.nested_checks import nested_caps
from kvmdbg.session.cases import all_fields, binding, field_names, regions
from kvmdbg.session.cases.base import vmcs12_values
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.operations.vmread import MEMORY, encoding_of
from kvmdbg.session.cases.steps import Actor, Operation

Old = Callable[[], int]
BIT: Final = re.compile(r"(?:with )?bit ?(\w+)(?: ?(?:= ?)?([01]|set|cleared))?$")
BITS: Final = re.compile(r"(?:with )?bits (\d+):(\d+) = (\w+)$")
HARDWARE_EXCEPTION: Final = 3
ACTIVITIES: Final = ("active", "HLT", "shutdown", "wait-for-SIPI")          # by their numbers (SDM Vol. 3C 24.4.2)
BLOCKING: Final = re.compile(r"(?:blocking by )?(STI|MOV[- ]?SS|SMI|NMI|none)")
INTERRUPTIBILITY: Final = {"none": 0, "STI": 1, "MOVSS": 2, "SMI": 4, "NMI": 8}
EVENT: Final = (                 # words of interruption information: lowest bit, and the value of a bare word
    (r"valid", 31, 1), (r"type (\d+)", 8, 0), (r"hw-exception", 8, HARDWARE_EXCEPTION), (r"nmi|NMI", 8, 2),
    (r"ext-int(?:errupt)?", 8, 0), (r"sw-int(?:errupt)?", 8, 4), (r"sw-exception", 8, 6), (r"error-code flag ([01])", 11, 0),
    (r"(?:vector )?(\w+)", 0, 0))
NAMED: Final = re.compile(r"(?:field (\S+)|(f)) (?:value |= )?(.+)")
ANY: Final = ("any", "any of the above")
CHANGED: Final = re.compile(r"(\w+) (cleared|set)$")
FIXED: Final = ("a bit that FIXED1 forbids", "a bit that FIXED0 demands cleared")
OLD: Final = re.compile(r"old(?: value)? (\||\^|&~) (.+)")
REGISTER: Final = re.compile(r"(?:HOST|GUEST)_(?:IA32_)?(CR0|CR4|EFER)$")


@operation("vmwrite")
def vmwrite(h: Harness, op: Operation, actor: Actor) -> None:
    """Nothing is read."""
    if op.plain[:1] and op.plain[0] in all_fields.WORDS:
        all_fields.vmwrite_all(h, op.rest)
        return
    if MEMORY in op.plain and len(op.plain) == 2:
        (name,) = (text for text in op.plain if text != MEMORY)
        h.player.inject(f"vmwrite {field_names.word(field_names.encoding(name))}, @{binding.DESCRIPTOR:#x}")
        return
    if by_encoding := op.named("field"):
        number, value = encoding_of(h, by_encoding), op.named("value") or op.rest
        h.player.inject(f"vmwrite {field_names.word(number)}, {h.binding.number64(value):#x}")
        return
    if match := NAMED.fullmatch(op.rest):
        h.player.inject(f"vmwrite {field_names.word(encoding_of(h, match[1] or match[2]))}, {h.binding.number64(match[3]):#x}")
        return
    if len(op.plain) == 2 and op.plain[0].removeprefix("GUEST_") == "RFLAGS" and hasattr(controls, f"RFLAGS_{op.plain[1]}"):
        write(h, F.GUEST_RFLAGS, lambda old: old | _flag(op, op.plain[1]))
        return
    if len(op.plain) == 1 and (flags := [operand for operand in op.operands if operand.key]):
        encoding = field_names.encoding(op.plain[0])
        on, off = (sum(_flag(op, flag.key) for flag in flags if _switched(op, flag.value) is which) for which in (True, False))
        write(h, encoding, lambda old: old & ~off | on)
        return
    if len(op.plain) < 2:
        raise Unsupported(f"{op.text}: a field and one value")
    name, text = op.plain[0], " ".join(op.plain[1:])
    if text.startswith("address ") and name == "the" and h.field:
        name, text = h.field, text.removeprefix("address ")
    if len(op.plain) != len(op.operands):
        raise Unsupported(f"{op.text}: several values")
    write(h, field_names.encoding(name), lambda old: new_value(h, name, text, old))


def write(h: Harness, encoding: int, change: Callable[[int], int]) -> None:
    """Give a field of the current VMCS the value that `change` makes of the old one."""
    old = vmcs12.get(h.kvm, h.vcpu, encoding & ~1)
    if encoding == F.GUEST_RIP:
        h.rip_told = True
    h.player.inject(f"vmwrite {field_names.word(encoding)}, {change(old):#x}")


def new_value(h: Harness, name: str, text: str, old: int) -> int:
    """The value that `text` means for the field.  raises: Unsupported for a form that is none of these."""
    if regions.names(text) and field_names.encoding(name) == F.VMCS_LINK_POINTER:
        return regions.place(h, text, binding.VMCS_A, binding.VMCS_B)
    if text == "good":
        return vmcs12_values(h.player, h.setup)[field_names.encoding(name)]
    if text == "as it is":
        return old
    if text in ANY:
        return FIELDS[field_names.encoding(name)].mask
    if match := CHANGED.match(text):
        bit = _bit(h, name, match[1])
        return old | bit if match[2] == "set" else old & ~bit
    if text in FIXED:
        return fixed(h, name, text, old)
    if match := OLD.fullmatch(text):
        number = h.binding.number64(match[2])
        return {"|": old | number, "^": old ^ number, "&~": old & ~number}[match[1]]
    if match := BIT.match(text):
        bit = 1 << h.binding.number(match[1])
        return old & ~bit if match[2] in ("0", "cleared") else old | bit
    if text in ACTIVITIES:
        return ACTIVITIES.index(text)
    if (blocked := BLOCKING.fullmatch(text)) and field_names.encoding(name) == F.GUEST_INTERRUPTIBILITY_INFO:
        return INTERRUPTIBILITY[re.sub(r"\W", "", blocked[1])]
    if match := BITS.match(text):
        low, mask = int(match[2]), (1 << (int(match[1]) - int(match[2]) + 1)) - 1
        return old & ~(mask << low) | (h.binding.number(match[3]) & mask) << low
    if text.startswith("valid"):
        return event(h, text)
    operator, _, operand = text.partition(" ")
    if operator in _COMBINE:
        return _COMBINE[operator](old, _bit(h, name, operand.removeprefix("~")))
    return h.binding.number64(text)


def fixed(h: Harness, name: str, text: str, old: int) -> int:
    """The lowest bit of a control register that VMX operation forbids to set, set; or the lowest that it demands, cleared."""
    register = REGISTER.match(name)
    if register is None or register[1] == "EFER":
        raise Unsupported(f"{name}: {text}")
    demanded, allowed = (vmx_msrs(nested_caps(h.kvm))[NUMBERS[f"IA32_VMX_{register[1]}_FIXED{which}"]] for which in (0, 1))
    forbidden = ~allowed
    return old | forbidden & -forbidden if text == FIXED[0] else old & ~(demanded & -demanded)


def event(h: Harness, text: str) -> int:
    """`valid | type 3 | error-code flag 1 | vector 13`: VM-entry interruption information."""
    value = 0
    for part in (part.strip() for part in text.split("|")):
        found = [(match, shift, bare) for pattern, shift, bare in EVENT if (match := re.fullmatch(pattern, part))]
        if not found:
            raise Unsupported(f"{text}: {part}")
        match, shift, bare = found[0]
        value |= (h.binding.number(match[1]) if match.groups() else bare) << shift
    return value


def _flag(op: Operation, name: str) -> int:
    """`vmwrite GUEST_RFLAGS TF=1`: a bit of RFLAGS or of EFER by its name."""
    kind = "EFER" if "EFER" in op.plain[0] else "RFLAGS"
    bit = getattr(controls, f"{kind}_{name}", None)
    if bit is None or kind not in op.plain[0]:
        raise Unsupported(f"{op.text}: {name} is no bit of {op.plain[0]}")
    return int(bit)


def _switched(op: Operation, value: str) -> bool:
    if value not in ("0", "1"):
        raise Unsupported(f"{op.text}: several values")
    return value == "1"


_COMBINE: Final[Mapping[str, Callable[[int, int], int]]] = {"|=": lambda old, bit: old | bit, "&=": lambda old, bit: old & ~bit}


def _bit(h: Harness, name: str, text: str) -> int:
    """A bit by name, of the control register that the field holds; or a number."""
    register = REGISTER.match(name)
    bit = getattr(controls, f"{register[1]}_{text}", None) if register else None
    return h.binding.number(text) if bit is None else int(bit)
