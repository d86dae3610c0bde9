"""The words of `machine`, written and read."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm.nested_checks import limited, offered_to_l1
from kvmdbg.machine.kvm.state import Config
from kvmdbg.session.machine_words import DEFAULTS, OF_L1, changed, chosen, setting, spell


def test_what_differs_is_written_as_it_is_read() -> None:
    config = Config(enable_vpid=False, memory=1 << 24, l1_caps=(("ept_ad", False), ("invvpid_types", (1, 2))))
    words = changed(config, Caps(la57=True, invept_types=()))
    assert words == ["enable_vpid=0", "memory=0x1000000", "invept_types=", "la57=1", "l1.ept_ad=0", "l1.invvpid_types=1,2"]
    assert [setting(*word.split("=")) for word in words] == [False, 1 << 24, (), True, False, (1, 2)]
    assert changed(Config(), Caps()) == []


@pytest.mark.parametrize(("name", "text", "said"), [
    ("ept", "2", "must be 0 or 1"), ("maxphyaddr", "many", "must be a number"), ("l1.invept_types", "x", "numbers with commas")])
def test_what_is_no_value(name: str, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        setting(name, text)


def test_every_capability_of_l1_is_one() -> None:
    assert set(OF_L1) <= set(Caps._fields) <= set(DEFAULTS)
    assert spell((1, 0x1_0000)) == "1,0x10000"


def test_words_are_taken_one_after_the_other() -> None:
    words = {"IA32_VMX_VMFUNC": 0, "memory": 1 << 24, "l1.IA32_VMX_TRUE_PINBASED_CTLS": 0x3F_0000_0016, "l1.ept_ad": False}
    config, caps = chosen(words, Config(), Caps(), kernel("v6.12"))
    assert (caps, config.memory) == (Caps(eptp_switching=False), 1 << 24)
    assert config.l1_caps == (("preemption_timer", False), ("ept_ad", False))


@pytest.mark.parametrize(("words", "said"), [
    ({"l1.IA32_VMX_MISC": 0x65 | 4 << 16}, "KVM offers L1 cr3_targets=0"), ({"l1.pml": True}, "KVM offers L1 pml=0"),
    ({"IA32_VMX_VMFUNC": 2}, "bit 1")])
def test_what_cannot_be_is_refused(words: dict[str, int], said: str) -> None:
    with pytest.raises(UserError, match=said):
        chosen(words, Config(), Caps(ept_ad=False), kernel("v6.12"))


def test_what_controls_l1_lacks_is_on_top_of_what_the_processor_lacks() -> None:
    config, caps = chosen({"lacks": (0, 0, 0, 0, 8), "l1.lacks": (2, 0, 0, 0, 0)}, Config(), Caps(), kernel("v6.12"))
    assert limited(offered_to_l1(caps, config, kernel("v6.12")), config.l1_caps).lacks == (2, 0, 0, 0, 8)
