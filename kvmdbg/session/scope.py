"""Where expressions look up names: the event's own first, then the state's, the session's, and constants."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.controls import EXIT_REASONS
from kvmdbg.machine.hw.tlbkey import COMBINED, GLOBAL, GUEST_PHYSICAL, LINEAR, NONE
from kvmdbg.machine.kvm.state import GUEST_MMU, INVALID_PAGE, ROOT_MMU, Kvm, Vcpu
from kvmdbg.session.parse import did_you_mean
from kvmdbg.session.views import Reads, cpu_view, mmu_view, request_names, tlb_rows, vcpu_view, vmcs12_view, vmcs_view

NUMBERS: Final = {"INVALID_PAGE": INVALID_PAGE, "NONE": NONE, "GLOBAL": GLOBAL,
                  **{name: number for number, name in EXIT_REASONS.items()}}
WORDS: Final = {"linear": LINEAR, "combined": COMBINED, "guest_physical": GUEST_PHYSICAL, "true": True, "false": False}
FIXED: Final = ("vcpu", "cpu", "vmcs01", "vmcs02", "vmcs12", ROOT_MMU, GUEST_MMU, "mmu", "tlb", "level")
DOLLAR: Final = "_dollar_"            # what `$` becomes in Python's syntax; a second one becomes `0_`, which begins no name
_NUMBERED: Final = re.compile(r"(vcpu|cpu)(\d+)$")


class _Unknown:
    pass


_UNKNOWN: Final = _Unknown()


@dataclass(slots=True)
class Scope:
    """A machine at its cursor, and what the session adds.

    more: names whose value is computed when asked for (`position`, `digest`, `stop`); calls: functions that expressions
    may call besides the built-in ones (`count`, `last`, ...); reads: which cells an evaluation looked at.
    """

    kvm: Kvm
    vcpu: Vcpu
    local: dict[str, Any] = field(default_factory=dict)
    history: list[Any] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Callable[[], Any]] = field(default_factory=dict)
    calls: dict[str, Callable[..., Any]] = field(default_factory=dict)
    reads: Reads = field(default_factory=Reads)

    def lookup(self, name: str) -> Any:
        """The value of a name.  raises: UserError with the closest one."""
        if name.startswith(DOLLAR):
            return self._dollar(name[len(DOLLAR):])
        for find in (self._local, self._state, self._numbered, self._constant):
            value = find(name)
            if value is not _UNKNOWN:
                return value
        raise UserError(f'No symbol "{name}" in current context.', did_you_mean(name, self.known()))

    def known(self) -> tuple[str, ...]:
        """Every name that can begin an expression, without functions."""
        numbered = [f"vcpu{vcpu.id}" for vcpu in self.kvm.vcpus] + [f"cpu{cpu.id}" for cpu in self.kvm.hw.cpus]
        return (*self.local, *FIXED, *numbered, *self.more, *self.calls, *request_names(self.kvm).values(), *WORDS, *NUMBERS)

    def _local(self, name: str) -> Any:
        value = self.local.get(name, _UNKNOWN)
        if name == "vcpu" and isinstance(value, int) and 0 <= value < len(self.kvm.vcpus):
            return vcpu_view(self.kvm, self.kvm.vcpus[value], self.reads)
        if name == "cpu" and isinstance(value, int) and 0 <= value < len(self.kvm.hw.cpus):
            return cpu_view(self.kvm, value, self.reads)
        return value

    def _state(self, name: str) -> Any:
        kvm, vcpu, reads = self.kvm, self.vcpu, self.reads
        match name:
            case "tlb":
                return tlb_rows(kvm, reads)
            case "vcpu":
                return vcpu_view(kvm, vcpu, reads)
            case "vmcs01" | "vmcs02":
                return vmcs_view(kvm, vcpu, name, reads)
            case "vmcs12":
                return vmcs12_view(kvm, vcpu, reads)
            case "root_mmu" | "guest_mmu" | "mmu":
                return mmu_view(kvm, vcpu, name, reads)
            case "level":
                return vcpu_view(kvm, vcpu, reads).part("level")
            case "cpu":
                reads.note(vcpu, "cpu")
                return cpu_view(kvm, vcpu.cpu, reads) if vcpu.cpu >= 0 else -1
        return self.more[name]() if name in self.more else _UNKNOWN

    def _numbered(self, name: str) -> Any:
        match = _NUMBERED.match(name)
        if match is None:
            return _UNKNOWN
        kind, number = match.group(1), int(match.group(2))
        known = len(self.kvm.vcpus if kind == "vcpu" else self.kvm.hw.cpus)
        if number >= known:
            there = f"The machine has {kind}0 .. {kind}{known - 1}." if known > 1 else f"Only {kind}0."
            raise UserError(f"there is no {name}", there)
        return vcpu_view(self.kvm, self.kvm.vcpus[number], self.reads) if kind == "vcpu" else cpu_view(self.kvm, number, self.reads)

    def _constant(self, name: str) -> Any:
        for mask, request in request_names(self.kvm).items():
            if request == name:
                return mask
        return WORDS.get(name, NUMBERS.get(name, _UNKNOWN))

    def _dollar(self, name: str) -> Any:
        """`$` the newest value, `$$` the one before, `$$N` N before the newest, `$N` number N, `$NAME` a variable."""
        history = self.history
        back = re.fullmatch(r"0_(\d*)", name)
        if name and not back and not name.isdigit():
            return self.variables.get(name)
        if not history and not name.isdigit():
            return None
        at = int(name) - 1 if name.isdigit() else len(history) - 1 - (int(back.group(1) or 1) if back else 0)
        if not 0 <= at < len(history):
            raise UserError(f"History has not yet reached ${name.replace('0_', '$')}.")
        return history[at]
