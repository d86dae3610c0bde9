"""`vmcs02_vpid`: which VPID L2 runs with: `vpid01` (L1's own) or `vpid02`."""

from __future__ import annotations

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.events import VmEntered
from kvmdbg.session.cases.fact import Observed, key
from kvmdbg.session.cases.model import Value


@key("vmcs02_vpid")
def vmcs02_vpid(observed: Observed, wanted: Value) -> str:
    """Compares the VPID with which the processor entered L2."""
    names = {"vpid01": observed.vcpu.vpid, "vpid02": observed.vcpu.vpid02}
    if wanted not in names:
        raise Unsupported(f"vmcs02_vpid: {wanted}")
    entered = [event.vpid for event in observed.events(VmEntered) if event.vmcs == observed.vcpu.vmcs02]
    if not entered:
        return f"L2 was not entered: {observed.seen}"
    return "" if set(entered) == {names[wanted]} else f"VPID {entered[-1]}"
