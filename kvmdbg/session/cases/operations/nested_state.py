"""`set_nested_state default with vmxon_pa ~0`, `get_nested_state`: user space restores and reads the state of nesting."""

from __future__ import annotations

import re
from typing import Any, Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.errno import OK
from kvmdbg.machine.kvm.nested_state import (
    EVMCS,
    GUEST_MODE,
    HEADER,
    MTF_PENDING,
    RUN_PENDING,
    SMM_GUEST_MODE,
    SMM_VMXON,
    VMCS12_SIZE,
    kvm_set_nested_state,
    vmx_get_nested_state,
)
from kvmdbg.machine.kvm.state import INVALID_GPA, NestedState
from kvmdbg.machine.kvm.user_space import leave_kvm_run, returned
from kvmdbg.session.cases.binding import MASK64
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation

# The state that cases call default: that of an L1 in VMX operation whose current VMCS holds nothing but its revision.
DEFAULT: Final = NestedState(0, HEADER + VMCS12_SIZE, 0, 0x1000, 0x2000, 0, 0, ((vmcs12.REVISION, vmcs12.VMCS12_REVISION),))
BOTH: Final = re.compile(r"both(?: addresses)? ~0|vmxon_pa = vmcs12_pa = 0")
FIELD: Final = re.compile(r"(size|format|flags|vmxon_pa|vmcs12_pa|SMM flags|VMX header flags) (?:= )?(~?\w+|header only|all ones)")
VALUES: Final = {"header only": HEADER, "all ones": MASK64}
MEMBERS: Final = {"SMM flags": "smm_flags", "VMX header flags": "vmx_flags"}
NULL_POINTER: Final = "null pointer"
WORDS: Final[dict[str, dict[str, int]]] = {      # a change in words: bits of fields
    "guest-mode": {"flags": GUEST_MODE}, "run-pending": {"flags": RUN_PENDING}, "SMM guest-mode": {"smm_flags": SMM_GUEST_MODE},
    "SMM flags = guest-mode": {"smm_flags": SMM_GUEST_MODE},
    "SMM flags other than guest-mode and VMXON": {"smm_flags": 0xFFFF & ~(SMM_GUEST_MODE | SMM_VMXON)},
    "run-pending without guest-mode": {"flags": RUN_PENDING}, "mtf-pending": {"flags": MTF_PENDING},
    "the enlightened flag": {"flags": EVMCS}, "outside SMM": {}, "vmcs12_pa set": {}, "L2 not running": {},   # as the default is
}
NO_VMCS: Final = "no VMCS"                    # the header alone, and no address of a vmcs12
INVALID_CONTENTS: Final = "contents of the VMCS invalid"


@operation("set_nested_state", actors=("host",), at_once=True)
def set_nested_state(h: Harness, op: Operation, actor: Actor) -> str:
    """What KVM_SET_NESTED_STATE returns."""
    text = re.sub(r"\([^)]*\)", "", op.text).removeprefix("set_nested_state").strip().removeprefix("default with ")
    state = None if text == NULL_POINTER else changed(h, text)
    h.player.remark(f"user space restores {text}, which no word of the debugger does")
    leave_kvm_run(h.kvm, h.vcpu)
    result = kvm_set_nested_state(h.kvm, h.vcpu, state)
    returned(h.kvm, h.vcpu, "KVM_SET_NESTED_STATE", result)
    return result or "ok"


@operation("get_nested_state", actors=("host",), at_once=True)
def get_nested_state(h: Harness, op: Operation, actor: Actor) -> str:
    """Kept with the machine, where facts look at it."""
    if op.operands:
        raise Unsupported(f"{op.text}: nothing goes with it")
    leave_kvm_run(h.kvm, h.vcpu)
    h.vcpu.saved_nested_state = vmx_get_nested_state(h.kvm, h.vcpu)
    returned(h.kvm, h.vcpu, "KVM_GET_NESTED_STATE", OK)
    return "ok"


def changed(h: Harness, text: str) -> NestedState:
    """The default with the changes that `text` lists.  raises: Unsupported for words that say something else."""
    state = DEFAULT
    for part in (part.strip() for part in re.split(r", | \+ ", text)):
        fields: dict[str, Any] = {}
        if part in ("", "default"):
            continue
        if part == NO_VMCS:
            fields = {"size": HEADER, "flags": 0, "vmcs12_pa": INVALID_GPA}
        elif part in WORDS:
            fields = {name: getattr(state, name) | bits for name, bits in WORDS[part].items()}
        elif BOTH.fullmatch(part):
            fields = dict.fromkeys(("vmxon_pa", "vmcs12_pa"), INVALID_GPA if part.startswith("both") else 0)
        elif part == INVALID_CONTENTS:
            fields = {"vmcs12": (*DEFAULT.vmcs12, (F.GUEST_CR3, MASK64))}
        elif match := FIELD.fullmatch(part):
            fields = {MEMBERS.get(match[1], match[1]): VALUES.get(match[2]) or h.binding.number64(match[2])}
        else:
            raise Unsupported(f"set_nested_state: {part}")
        state = state._replace(**fields)
    return state
