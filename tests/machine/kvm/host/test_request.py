"""Another processor asks."""

from __future__ import annotations

import pytest

from kvm_support import Machine
from kvmdbg.errors import UserError
from kvmdbg.machine.kvm.events import RequestMade, RequestServiced
from kvmdbg.machine.kvm.host_events import happen, parse_host_event


def test_a_request_is_made_and_served_at_the_next_entry() -> None:
    m = Machine("v6.12").given_vmx()
    start = m.kvm.tape.end
    happen(m.kvm, parse_host_event("request TLB_FLUSH", 1, 0))
    m.run("cpuid")
    events = [entry[0](*entry[2]) if entry[1] is None else None for entry in m.kvm.tape.entries[start:]]
    assert [type(event) for event in events if isinstance(event, RequestMade | RequestServiced)] == [RequestMade, RequestServiced]


@pytest.mark.parametrize(("text", "words"), [("request NO_SUCH", "has no KVM_REQ_NO_SUCH"), ("request PMU", "is not served")])
def test_a_request_that_nobody_serves_is_refused(text: str, words: str) -> None:
    m = Machine("v6.12")
    end = m.kvm.tape.end
    with pytest.raises(UserError, match=words):
        happen(m.kvm, parse_host_event(text, 1, 0))
    assert m.kvm.tape.end == end
