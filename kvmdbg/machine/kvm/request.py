"""What a request bit is: a name, and who serves it. One file of `requests/` each; the order of service is the kernel's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from kvmdbg.catalog import Catalog
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.state import Kvm, Vcpu

Serve = Callable[[Kvm, Vcpu], None]
EVENT: Final = "EVENT"        # looked at after all others (see RequestQuestions.service_order())


class Request(NamedTuple):
    """One KVM_REQ_* that the model serves."""

    name: str             # without KVM_REQ_
    serve: Serve          # called with the bit already cleared; sets vcpu.exit_to_user to end KVM_RUN
    summary: str
    source: str


REQUESTS: Final[Catalog[Request]] = Catalog("request")


def request(name: str, *, source: str) -> Callable[[Serve], Serve]:
    """Declare the decorated function as what serves KVM_REQ_`name`."""
    def declare(serve: Serve) -> Serve:
        REQUESTS.add(name, Request(name, serve, (serve.__doc__ or "").strip().partition("\n")[0], source))
        return serve
    return declare


def ladder(era: Era) -> tuple[str, ...]:
    """Every request that this kernel's vcpu_enter_guest() looks at, in its order, EVENT last; served by the model or not."""
    bits = era.request_bits()
    return tuple(name for name in (*era.service_order(), EVENT) if name in bits)
