"""`mode`: where the guest is after the step: `L2`; `SMM, not guest mode`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.kvm.state import Vcpu
from kvmdbg.session.cases.fact import Observed, key
from kvmdbg.session.cases.model import Value

MODES: Final[Mapping[str, Callable[[Vcpu], bool]]] = {
    "SMM": lambda vcpu: vcpu.smm, "not SMM": lambda vcpu: not vcpu.smm,
    "guest mode": lambda vcpu: vcpu.guest_mode, "not guest mode": lambda vcpu: not vcpu.guest_mode,
    "L1": lambda vcpu: not vcpu.guest_mode and not vcpu.smm, "L2": lambda vcpu: vcpu.guest_mode and not vcpu.smm,
}


@key("mode")
def mode(observed: Observed, wanted: Value) -> str:
    """Each of the phrases must hold.  raises: Unsupported for another one."""
    phrases = [phrase.strip() for phrase in str(wanted).split(",")]
    unknown = [phrase for phrase in phrases if phrase not in MODES]
    if unknown:
        raise Unsupported(f"mode: {unknown[0]}")
    vcpu = observed.vcpu
    seen = f"{'SMM' if vcpu.smm else f'L{2 if vcpu.guest_mode else 1}'}, {'' if vcpu.guest_mode else 'not '}guest mode"
    return "" if all(MODES[phrase](vcpu) for phrase in phrases) else seen
