"""What a host event is: something that happens to a VM from outside its vCPUs' threads. One file of `host/` declares each.

User space, another processor, the scheduler, the memory manager: a host event may happen between any two actions, and runs
to its end at once. `host_events.py` is the filled catalogue; this module is what the declarations import.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from kvmdbg.catalog import Catalog
from kvmdbg.machine.hw.operands import OperandType
from kvmdbg.machine.kvm.state import Kvm, Vcpu

Happen = Callable[..., None]                      # (kvm, vcpu, *operands); raises UserError or Unsupported with nothing changed


class HostEvent(NamedTuple):
    """One entry of the catalogue."""

    name: str
    operands: tuple[OperandType, ...]             # behind the vCPU
    source: str
    summary: str                                  # first line of the function's docstring
    happen: Happen
    of_vm: bool                                   # about the VM as a whole: no vCPU is named

    @property
    def form(self) -> str:
        """How a person writes it; `...` stands for more of the last one."""
        words = [f"[{kind.name.upper()}]" if kind.optional else kind.name.upper() for kind in self.operands]
        once = list(dict.fromkeys(words))
        more = "..." if len(once) < len(words) else ""
        return " ".join(("host", self.name, *(() if self.of_vm else ("[vcpuN]",)), *once)) + more


HOST_EVENTS: Final[Catalog[HostEvent]] = Catalog("host event")


def host_event(name: str, *, source: str, operands: tuple[OperandType, ...] = (),
               of_vm: bool = False) -> Callable[[Happen], Happen]:
    """Declare the decorated function as what host event `name` does to a VM, or (unless `of_vm`) to one of its vCPUs."""
    def declare(happen: Happen) -> Happen:
        summary = (happen.__doc__ or "").strip().partition("\n")[0]
        HOST_EVENTS.add(name, HostEvent(name, operands, source, summary, happen, of_vm))
        return happen
    return declare


class Happening(NamedTuple):
    """A host event with its operands, as parsed."""

    event: HostEvent
    vcpu: int
    operands: tuple[Any, ...]
    text: str                                     # as a person writes it, for display and recording


def happen(kvm: Kvm, what: Happening) -> None:
    """Let it happen.  raises: UserError where it cannot, Unsupported where the machine lacks what it needs."""
    kvm.tape.bottom = happen.__code__
    vcpu: Vcpu = kvm.vcpus[what.vcpu]
    what.event.happen(kvm, vcpu, *what.operands)
