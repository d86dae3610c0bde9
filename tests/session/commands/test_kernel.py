"""kernel and machine."""

from __future__ import annotations

import pytest

from kvmdbg.errors import Unsupported, UserError
from kvmdbg.machine.kvm.nested_checks import nested_caps
from session_support import FORBIDDEN_IN_L2, L2, LOSES_FLUSHES, say, session, stop_of


def test_before_anything_ran_it_is_booted() -> None:
    s = session("kernel v6.12")
    assert s.kernel == "v6.12" and s.tape.end == 0 and not s.words
    assert say(s, "kernel") == "kernel v6.12"


def test_later_everything_said_is_repeated_on_it() -> None:
    s = session(*L2, "break flush")
    assert say(s, "kernel v4.3").startswith(f"{len(L2) + 1} lines repeated on v4.3, now at #")
    fresh = session(*L2, kernel="v4.3")
    assert (s.kernel, s.tape.digest()) == ("v4.3", fresh.tape.digest()) and len(s.breakpoints) == 1
    assert s.record().splitlines()[1] == "kernel v4.3"


def test_a_kernel_of_the_command_line_wins() -> None:
    s = session(kernel="v4.3", kernel_wins=True)
    assert "stays" in say(s, "kernel v4.4") and say(s, "kernel v4.3") == "" and s.kernel == "v4.3"


def test_what_fails_there_leaves_the_session_as_it_was() -> None:
    s = session(*L2)
    for name in ("v9", "v4.4 -nonsense"):
        with pytest.raises(UserError):
            s.execute(f"kernel {name}")
    assert s.kernel == "v4.4" and s.tape.cursor == s.tape.end


def test_commits_are_reverted_and_applied_on_the_present_kernel() -> None:
    s = session(*L2, kernel="v6.12")
    assert say(s, "revert 2b4a5").startswith(f"{len(L2)} lines repeated on v6.12 -2b4a5a5d5688, now at #")
    assert s.kernel == "v6.12 -2b4a5a5d5688"
    assert "repeated on v6.12, now" in say(s, "apply 2b4a5a5d5688") and s.kernel == "v6.12"
    fresh = session(kernel="v4.3")
    assert say(fresh, "apply 5c614b3583e7 089d7b6ec515") == "" and fresh.kernel == "v4.3 +5c614b3583e7 +089d7b6ec515"


@pytest.mark.parametrize(("line", "message"), [
    ("revert 12345678", "is not known"), ("apply 5c614b3583e7", "has 5c614b3583e7 already"), ("revert", "HASH... is missing"),
    ("revert 2b4a5a5d5688", "v4.4 does not have 2b4a5a5d5688"), ("revert 5c614b3583e7", "089d7b6ec515 needs 5c614b3583e7")])
def test_what_cannot_be_reverted_or_applied_changes_nothing(line: str, message: str) -> None:
    s = session(*L2)
    with pytest.raises(UserError, match=message):
        s.execute(line)
    assert s.kernel == "v4.4" and s.tape.cursor == s.tape.end


def test_motions_that_make_no_sense_there_are_told() -> None:
    s = session("continue", "goto #39")
    assert "left out there" in say(s, "kernel v6.12") or s.tape.cursor == 39


def test_a_kernel_that_loses_a_flush_does_not_stop_on_the_way() -> None:
    s = session(*FORBIDDEN_IN_L2, "inject load 0x800000", "inject cpuid", kernel="v6.12")
    assert "forbidden uses on the way: 1" in say(s, f"kernel {LOSES_FLUSHES}")
    assert s.tape.cursor == s.tape.end and s.breakpoints.always.enabled
    assert stop_of(s, "reverse-continue").reason == "forbidden"


def test_the_machine_is_chosen_before_anything_ran() -> None:
    s = session("machine enable_vpid=0 tlb_capacity=8 memory=16M invvpid_types=1,2")
    assert (s.kvm.config.enable_vpid, s.caps.tlb_capacity, s.kvm.config.memory, s.caps.invvpid_types) == (False, 8, 16 << 20,
                                                                                                          (1, 2))
    assert "tlb_capacity=8" in say(s, "machine") and "enable_vpid=0" in s.machine_words()
    say(s, "stepi")
    with pytest.raises(UserError, match="has run already"):
        s.execute("machine tlb_capacity=9")


def test_user_space_keeps_capabilities_from_l1() -> None:
    s = session("machine l1.ept_ad=0 l1.invvpid_types=1,2", kernel="v6.12")
    assert (nested_caps(s.kvm).ept_ad, nested_caps(s.kvm).invvpid_types, s.caps.ept_ad) == (False, (1, 2), True)
    assert s.machine_words() == "l1.ept_ad=0 l1.invvpid_types=1,2" and "l1.ept_ad=0" in say(s, "machine")
    s.execute("kernel v4.4")
    assert nested_caps(s.kvm).invvpid_types == (2,)


@pytest.mark.parametrize(("words", "message"), [
    ("l1.posted_interrupts=1", "KVM offers L1 posted_interrupts=0"), ("l1.maxphyaddr=40", "is nothing about the machine"),
    ("enable_vpidd=0", "Did you mean enable_vpid"), ("enable_vpid=2", "must be 0 or 1"), ("tlb_capacity=x", "must be a number"),
    ("invvpid_types=a", "must be numbers"), ("vcpus", "is nothing about the machine")])
def test_mistakes(words: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        session().execute(f"machine {words}")


def test_completion() -> None:
    assert [one.text for one in session().completions("machine enable_v")] == ["enable_vpid="]
    assert "v4.4" in [one.text for one in session().completions("kernel v4")]
    s = session()
    assert [one.meaning[:11] for one in s.completions("kernel eee") if one.text == "eeeb4f67a6cd^"] == ["before KVM:"]
    assert [one.text for one in s.completions("kernel v4.4 -5c6")] == ["-5c614b3583e7"]
    assert [(one.text, one.start) for one in s.completions("kernel v4.3 +5c6")] == [("+5c614b3583e7", 12)]
    assert s.completions("kernel nonsense -5c6") == []
    assert [one.text for one in s.completions("revert 5c")] == ["5c614b3583e7"] and not s.completions("apply 5c")


def test_a_machine_with_an_apic_access_page_of_l1() -> None:
    """Alone with nested virtualization it is refused; without that, the access is a VM exit and the move of the page a request."""
    s = session(kernel="v6.12")
    with pytest.raises(Unsupported, match="together with nested"):
        say(s, "machine apic_access_page=1")
    say(s, "machine apic_access_page=1 nested=0", "map L1 0x400000 0xfee00000")
    assert "VIRTUALIZE_APIC_ACCESSES | 1" in say(s, "inject load 0x400000", "info vmcs")
    assert "* | 25 | APIC_PAGE_RELOAD" in say(s, "host unmap 0xfee00", "info requests")
