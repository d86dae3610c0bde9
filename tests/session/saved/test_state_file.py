"""What `save` writes."""

from __future__ import annotations

import difflib

from kvmdbg.session.saved.state_file import state_text
from session_support import L2_WITH_EPT, session


def test_one_thing_a_line_and_each_place_once() -> None:
    s = session(*L2_WITH_EPT, "goto end")
    text = state_text(s.kvm, "enable_vpid=0")
    lines = text.splitlines()
    assert lines[2:5] == ["format = 1", 'kernel = "v4.4"', 'machine = "enable_vpid=0"']
    sections = [line for line in lines if line.startswith("[")]
    assert [one[1:-1] for one in sections] == sorted({one[1:-1] for one in sections})
    assert {"[vcpu0]", "[tlb0]"} <= set(sections) and "[dirty logs]" not in sections
    assert max(map(len, lines)) < 240


def test_a_difference_of_the_state_is_a_difference_of_few_lines() -> None:
    s = session()
    before = state_text(s.kvm, "")
    s.execute("poke 0x5000 1")
    s.execute("goto end")
    after = state_text(s.kvm, "")
    changed = [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[:2] in ("+ ", "- ")]
    assert "+ 5 = 0x100000000" in changed and len(changed) < 20
