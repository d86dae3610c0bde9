"""`enable VPID`, `NMI exiting 0`, `virtualize APIC accesses enabled`: a control of the current VMCS, by its name in words."""

from __future__ import annotations

import re
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.fields import F
from kvmdbg.session.cases.control_bits import NO_BIT
from kvmdbg.session.cases.control_names import CONTROLS, SECONDARY, Control, named
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import A_CONTROL, operation
from kvmdbg.session.cases.operations.vmwrite import write
from kvmdbg.session.cases.steps import Actor, Operation

ONE_BIT: Final = re.compile(r"one bit:? write allowed0 with that bit (set|cleared)")
WORDS: Final = re.compile(r"(pin-based|primary|secondary|VM-exit|VM-entry) controls = (.+)")
EFER_FIELDS: Final = {CONTROLS["load_host_efer"]: F.HOST_IA32_EFER, CONTROLS["load_guest_efer"]: F.GUEST_IA32_EFER}
FIELDS: Final = {
    "pin-based": F.PIN_BASED_VM_EXEC_CONTROL, "primary": F.CPU_BASED_VM_EXEC_CONTROL, "secondary": F.SECONDARY_VM_EXEC_CONTROL,
    "VM-exit": F.VM_EXIT_CONTROLS, "VM-entry": F.VM_ENTRY_CONTROLS,
}


@operation(A_CONTROL, actors=("L1",))
def control(h: Harness, op: Operation, actor: Actor) -> None:
    """On or off; operation.py sends what names a control here, whatever its first word is."""
    found = named(op.text)
    if found is None:
        raise Unsupported(f"{op.text}: this control is not known by name")
    switch(h, *found)


def switch(h: Harness, control: Control, on: bool) -> None:
    """A control of the current VMCS; the secondary controls are activated with one of theirs, unless a step has said otherwise."""
    field, bit = control
    if control == SECONDARY:
        h.secondary_told = True
    if control in EFER_FIELDS:
        h.efer_field = EFER_FIELDS[control]
    if field == F.SECONDARY_VM_EXEC_CONTROL and not h.secondary_told:
        write(h, SECONDARY.field, lambda old: old | SECONDARY.bit)
    write(h, field, lambda old: old | bit if on else old & ~bit)


@operation(*FIELDS, actors=("L1",))
def whole_word(h: Harness, op: Operation, actor: Actor) -> None:
    """`secondary controls = ~0`: the field as a whole."""
    match = WORDS.fullmatch(op.text)
    if match is None:
        raise Unsupported(f"{op.text}: only `{op.word} controls = VALUE`")
    write(h, FIELDS[match[1]], lambda _: h.binding.number(match[2]) & 0xFFFF_FFFF)


@operation("for", actors=("L1",))
def for_one_bit(h: Harness, op: Operation, actor: Actor) -> None:
    """`for one bit: write allowed0 with that bit set`: the field has what must be 1, and one bit of it changed."""
    match = ONE_BIT.fullmatch(op.rest)
    if match is None or h.bit == NO_BIT:
        raise Unsupported(f"{op.text}: only a bit of the kind that the row names")
    field, bit, allowed_0 = h.bit
    if field == F.SECONDARY_VM_EXEC_CONTROL:
        write(h, SECONDARY.field, lambda old: old | SECONDARY.bit)
    write(h, field, lambda old: allowed_0 | bit if match[1] == "set" else allowed_0 & ~bit)
