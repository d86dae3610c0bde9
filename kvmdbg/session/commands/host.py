"""host: what happens on the host, outside the vCPUs' threads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, Final

from kvmdbg.machine.kvm.host_event import Happening
from kvmdbg.machine.kvm.host_events import HOST_EVENTS, complete, happen, parse_host_event
from kvmdbg.session.parse import Candidate, Operand, command
from kvmdbg.session.results import Text
from kvmdbg.session.session import Session

FORM: Final = 36              # cells for how an event is written


class HostEventOperand(Operand):
    """The word of a host event and its operands, as the catalogue declares them."""

    name, describe, whole_line = "EVENT", 'a host event such as "unmap 0x42"; `host` alone lists them', True

    def parse(self, session: Any, word: str) -> Happening:
        return parse_host_event(word, len(session.kvm.vcpus), session.current_vcpu)

    def complete(self, session: Any, text: str) -> Iterable[Candidate]:
        start = len(text) - len(re.split(r"[,\s]+", text)[-1])
        first = len(re.findall(r"[,\s]", text.lstrip())) == 0
        return [Candidate(word, start, HOST_EVENTS[word].summary if first else "") for word in complete(text)]


Event = Annotated[Happening | None, HostEventOperand()]


def host_words() -> list[str]:
    """What can happen, one a line; what is long to write has a line to itself."""
    lines = []
    for one in HOST_EVENTS:
        lines += [f"{one.form:<{FORM}} {one.summary}"] if len(one.form) <= FORM else [one.form, f"{'':{FORM}} {one.summary}"]
    return lines


@command("host", group="machine", examples=("host", "host request vcpu0 TLB_FLUSH"))
def host(s: Session, event: Event = None) -> Text | None:
    """Let something happen on the host, between two actions of the vCPUs: user space, the scheduler, another processor.

    Alone, list what can happen.  `undo` takes it back.
    """
    if event is None:
        return Text("\n".join(host_words()))
    s.timeline.edit("host", f"host {event.text}", lambda: happen(s.kvm, event), event.vcpu)
    return None
