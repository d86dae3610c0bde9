"""when."""

from __future__ import annotations

from session_support import say, session


def test_it_names_position_and_action() -> None:
    s = session("stepi 3")
    end = s.timeline.marks[0].end
    assert say(s,
               "when").startswith(f"#3 of {s.tape.end}, in vcpu0 vcpu_load (#0 .. #{end})\n#3 kvm_make_request () at kvm_host.py:")
    assert say(session(), "when") == "#0 of 0\n#0 vcpu0: it does 'vcpu_load' next"
