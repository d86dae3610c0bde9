"""What a request bit is: a name, a place in vcpu_enter_guest()'s ladder, and who serves it. One file of `requests/` each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from kvmdbg.catalog import Catalog
from kvmdbg.machine.kvm.state import Kvm, Vcpu

Serve = Callable[[Kvm, Vcpu], None]


class Request(NamedTuple):
    """One KVM_REQ_* that the model serves."""

    name: str             # without KVM_REQ_
    rank: int             # place in the ladder, spaced by ten: low ranks are served first
    serve: Serve          # called with the bit already cleared
    summary: str
    source: str


REQUESTS: Final[Catalog[Request]] = Catalog("request")


def request(name: str, *, rank: int, source: str) -> Callable[[Serve], Serve]:
    """Declare the decorated function as what serves KVM_REQ_`name`."""
    def declare(serve: Serve) -> Serve:
        REQUESTS.add(name, Request(name, rank, serve, (serve.__doc__ or "").strip().partition("\n")[0], source))
        return serve
    return declare


def ladder() -> tuple[Request, ...]:
    """The requests in the order of service."""
    return tuple(sorted(REQUESTS, key=lambda entry: entry.rank))
