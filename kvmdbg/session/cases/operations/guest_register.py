"""`GDTR limit bit 16 set`, `TR with TI=1`, `SS.RPL differs from CS.RPL`, `LMA=1 LME=0`: L1 changes L2's registers in its VMCS."""

from __future__ import annotations

import re
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import controls
from kvmdbg.machine.hw.controls import AR_P, AR_UNUSABLE
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.session.cases import field_names
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.operations.vmwrite import write
from kvmdbg.session.cases.steps import Actor, Operation

PART: Final = re.compile(r"(base|limit|selector|access rights)(?: bit (\d+) (set|cleared)| bits 63:(\d+) not 0| (.+))")
TYPE_LDT: Final = 2
TI: Final = 1 << 2                       # of a selector: it names an entry of the LDT
RPL: Final = 3
RESERVED_BIT_OF_EFER: Final = 1 << 9


@operation("GDTR", "IDTR", actors=("L1",))
def descriptor_table(h: Harness, op: Operation, actor: Actor) -> None:
    """A bit of the limit or of the base, or a base that is no canonical address."""
    part_of(h, op, f"GUEST_{op.word}", op.rest)


@operation("ES", "CS", "DS", "FS", "GS", actors=("L1",))
def segment(h: Harness, op: Operation, actor: Actor) -> None:
    """The same of a segment register that is usable."""
    part_of(h, op, f"GUEST_{op.word}", op.rest)


def part_of(h: Harness, op: Operation, name: str, text: str) -> None:
    """`base non-canonical`, `base bit 32 set`, `limit bit 16 set`, `base bits 63:32 not 0`, `selector 0`."""
    match = PART.fullmatch(text)
    part = {"selector": "SELECTOR", "base": "BASE", "limit": "LIMIT", "access rights": "AR_BYTES"}[match[1]] if match else ""
    if match is None or not field_names.known(f"{name}_{part}"):
        raise Unsupported(f"{op.text}: only a bit of the limit or a base that is not canonical")
    field = field_names.encoding(f"{name}_{part}")
    if number := match[2] or match[4]:
        bit = 1 << int(number)
        write(h, field, lambda old: old & ~bit if match[3] == "cleared" else old | bit)
    else:
        write(h, field, lambda old: h.binding.number64(match[5]))


@operation("SYSENTER_ESP", "SYSENTER_EIP", actors=("L1",))
def sysenter(h: Harness, op: Operation, actor: Actor) -> None:
    """The address that SYSENTER would go to."""
    if not op.rest:
        raise Unsupported(f"{op.text}: no value")
    write(h, field_names.encoding(f"GUEST_{op.word}"), lambda old: h.binding.number64(op.rest))


@operation("TR", "SS", "LDTR", "usable", "unusable", actors=("L1",))
def table_indicator(h: Harness, op: Operation, actor: Actor) -> None:
    """`unusable LDTR with TI=1`: bit 2 of the selector; `unusable SS with base bit 32 set`, `TR base non-canonical`.

    An LDTR that is to be usable gets the access rights of one.
    """
    said = op.word in ("usable", "unusable")
    name = "".join(op.plain[:1]) if said else op.word
    rest = " ".join(op.plain[1 if said else 0:]).removeprefix("with").strip()
    if name not in ("TR", "SS", "LDTR"):
        raise Unsupported(f"{op.text}: only TI of TR or LDTR")
    if name == "LDTR" or op.word == "unusable":
        rights = AR_UNUSABLE if op.word == "unusable" else AR_P | TYPE_LDT
        write(h, field_names.encoding(f"GUEST_{name}_AR_BYTES"), lambda old: rights)
    bit = op.named("TI")
    if bit in ("0", "1") and not rest and op.plain[-1] == "with":
        _set(h, field_names.encoding(f"GUEST_{name}_SELECTOR"), TI, bit == "1")
    else:
        part_of(h, op, f"GUEST_{name}", rest)


@operation("SS.RPL", actors=("L1",))
def stack_privilege(h: Harness, op: Operation, actor: Actor) -> None:
    """The requested privilege level of SS against that of CS."""
    differs = {"differs from CS.RPL": 1, "equals CS.RPL": 0}.get(op.rest)
    if differs is None:
        raise Unsupported(f"{op.text}: only against CS.RPL")
    level = (vmcs12.get(h.kvm, h.vcpu, F.GUEST_CS_SELECTOR) & RPL) ^ differs
    write(h, F.GUEST_SS_SELECTOR, lambda old: old & ~RPL | level)


@operation("bits", actors=("L1",))
def efer_bits(h: Harness, op: Operation, actor: Actor) -> None:
    """`LMA=1 LME=0`: bits of the IA32_EFER that is loaded, L2's, or L1's if the step speaks of VM exits; `IF=1`: of RFLAGS."""
    for operand in op.operands:
        of_efer = hasattr(controls, f"EFER_{operand.key}")
        bit = getattr(controls, f"{'EFER' if of_efer else 'RFLAGS'}_{operand.key}", None)
        if bit is None or operand.value not in ("0", "1"):
            raise Unsupported(f"{op.text}: no bit of EFER or RFLAGS")
        _set(h, h.efer_field if of_efer else F.GUEST_RFLAGS, int(bit), operand.value == "1")


@operation("reserved", actors=("L1",))
def reserved_bit(h: Harness, op: Operation, actor: Actor) -> None:
    """`reserved bit 1` beside bits of EFER: one that the register does not have."""
    if op.rest not in ("bit 0", "bit 1"):
        raise Unsupported(f"{op.text}: only `reserved bit 0` or `1`")
    _set(h, h.efer_field, RESERVED_BIT_OF_EFER, op.rest == "bit 1")


def _set(h: Harness, encoding: int, bits: int, on: bool) -> None:
    write(h, encoding, lambda old: old | bits if on else old & ~bits)
