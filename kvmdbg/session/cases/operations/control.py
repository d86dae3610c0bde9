"""`enable VPID`, `NMI exiting 0`, `virtualize APIC accesses enabled`: a control of the current VMCS, by its name in words."""

from __future__ import annotations

import re
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import CPU_SECONDARY_CONTROLS
from kvmdbg.machine.hw.fields import F
from kvmdbg.session.cases.control_bits import NO_BIT
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.operations.vmwrite import write
from kvmdbg.session.cases.setup import CONTROLS
from kvmdbg.session.cases.steps import Actor, Operation

PHRASE: Final = re.compile(r"(.+?)(?:\s*=)?(?:\s+(0|1|enabled|disabled))?$")
ONE_BIT: Final = re.compile(r"one bit:? write allowed0 with that bit (set|cleared)")
OFF: Final = ("0", "disabled")
NAMES: Final = {
    "enable VPID": "enable_vpid", "enable EPT": "enable_ept", "NMI exiting": "nmi_exiting", "virtual NMIs": "virtual_nmis",
    "NMI-window exiting": "nmi_window", "load debug controls": "load_debug_controls", "load EFER on entry": "load_efer",
    "load PAT on exit": "load_host_pat", "load BNDCFGS": "load_bndcfgs", "IA-32e guest": "ia32e_guest",
    "external-interrupt exiting": "extint_exiting", "virtual-interrupt delivery": "virtual_interrupt_delivery",
    "virtualize APIC accesses": "virtualize_apic_accesses", "unrestricted guest": "unrestricted_guest",
}


@operation("enable", "NMI", "virtual", "NMI-window", "load debug", "load EFER", "load PAT", "load BNDCFGS", "IA-32e",
           "external-interrupt", "virtual-interrupt", "virtualize", "unrestricted", actors=("L1",))
def control(h: Harness, op: Operation, actor: Actor) -> None:
    """Without a number it is switched on."""
    match = PHRASE.match(" ".join((op.word, *op.plain)))
    if match is None or match[1] not in NAMES:
        raise Unsupported(f"{op.text}: this control is not known by name")
    switch(h, NAMES[match[1]], match[2] not in OFF)


def switch(h: Harness, name: str, on: bool) -> None:
    """A control of the current VMCS on or off; the secondary controls are activated with one of theirs."""
    field, bit = CONTROLS[name]
    if field == F.SECONDARY_VM_EXEC_CONTROL:
        write(h, F.CPU_BASED_VM_EXEC_CONTROL, lambda old: old | CPU_SECONDARY_CONTROLS)
    write(h, field, lambda old: old | bit if on else old & ~bit)


@operation("for", actors=("L1",))
def for_one_bit(h: Harness, op: Operation, actor: Actor) -> None:
    """`for one bit: write allowed0 with that bit set`: the field has what must be 1, and one bit of it changed."""
    match = ONE_BIT.fullmatch(op.rest)
    if match is None or h.bit == NO_BIT:
        raise Unsupported(f"{op.text}: only a bit of the kind that the row names")
    field, bit, allowed_0 = h.bit
    if field == F.SECONDARY_VM_EXEC_CONTROL:
        write(h, F.CPU_BASED_VM_EXEC_CONTROL, lambda old: old | CPU_SECONDARY_CONTROLS)
    write(h, field, lambda old: allowed_0 | bit if match[1] == "set" else allowed_0 & ~bit)
