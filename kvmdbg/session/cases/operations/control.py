"""`enable VPID`, `NMI exiting 0`, `load debug controls 1`: a control of the current VMCS, by its name in words."""

from __future__ import annotations

import re
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import CPU_SECONDARY_CONTROLS
from kvmdbg.machine.hw.fields import F
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.operations.vmwrite import write
from kvmdbg.session.cases.setup import CONTROLS
from kvmdbg.session.cases.steps import Actor, Operation

PHRASE: Final = re.compile(r"(.+?)(?:\s*=)?(?:\s+([01]))?$")
NAMES: Final = {
    "enable VPID": "enable_vpid", "enable EPT": "enable_ept", "NMI exiting": "nmi_exiting", "virtual NMIs": "virtual_nmis",
    "NMI-window exiting": "nmi_window", "load debug controls": "load_debug_controls",
}


@operation("enable", "NMI", "virtual", "NMI-window", "load debug", actors=("L1",))
def control(h: Harness, op: Operation, actor: Actor) -> None:
    """Without a number it is switched on; the secondary controls are activated with one of theirs."""
    match = PHRASE.match(" ".join((op.word, *op.plain)))
    if match is None or match[1] not in NAMES:
        raise Unsupported(f"{op.text}: this control is not known by name")
    field, bit = CONTROLS[NAMES[match[1]]]
    if field == F.SECONDARY_VM_EXEC_CONTROL:
        write(h, F.CPU_BASED_VM_EXEC_CONTROL, lambda old: old | CPU_SECONDARY_CONTROLS)
    write(h, field, lambda old: old & ~bit if match[2] == "0" else old | bit)
