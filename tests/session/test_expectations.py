"""The words of `expect` about translations and flushes."""

from __future__ import annotations

import pytest

from kvmdbg.errors import ExpectationFailed, UserError
from kvmdbg.session.expectations import LevelTags, check, is_one, tags_of, would_hit
from session_support import L2_WITH_EPT, STALE_IN_L1, session

L1 = session(*STALE_IN_L1, "mark edited", "inject invlpg 0x9000", "inject mov cr0, 0x80050033", kernel="v6.12")
L2 = session(*L2_WITH_EPT, "map ept12 0x60000 0x40000 eptp=0x10000", kernel="v6.12")


@pytest.mark.parametrize("text", ["stale L1 0x400000", "stale l1 0x400008", "stale L1 4M", "stale L1 0x200000*2",
                                  "flushes invlpg == 1", "flushes invlpg==1", "flushes invlpg == 1 since edited",
                                  "flushes invept:single-context >= 1 since start", "flushes > 0", "flushes < 1 since end",
                                  "flushes != 5 - 5", "flushes invlpg <= 1", "flushes excess invlpg == 0"])
def test_what_holds(text: str) -> None:
    assert is_one(text)
    check(L1, text)


@pytest.mark.parametrize(("text", "found"), [
    ("fresh L1 0x400000", "it is stale: L1's page tables changed at #"),
    ("forbidden L1 0x400000", "it is stale"), ("stale L1 0x700000", "nothing is cached for it under vpid 1 pcid 0 ep4ta "),
    ("flushes invlpg == 4", "there were 1"), ("flushes invlpg > 0 since end", "there were 0")])
def test_what_does_not_hold_says_what_is(text: str, found: str) -> None:
    with pytest.raises(ExpectationFailed) as wrong:
        check(L1, text, "on v6.12 ")
    assert wrong.value.message.startswith(f"expected on v6.12 {text}: {found}")


def test_both_kinds_of_l2() -> None:
    for text in ("stale L2 0x800000", "stale ept12 0x60000", "fresh ept12 0x40000"):
        check(L2, text)


def test_flushes_that_nobody_needed() -> None:
    """The second INVLPG finds nothing; the first drops what the page tables still say, and nobody gave the tag away."""
    s = session("map L1 0x400000 0x5000", "inject load 0x400000", "inject invlpg 0x400000", "mark second", "inject invlpg 0x400000",
                "inject cpuid")
    for text in ("flushes excess invlpg == 1", "flushes excess invlpg == 0 since second", "flushes invlpg == 2"):
        check(s, text)


@pytest.mark.parametrize("text", ["stale", "stale L2", "stale L3 0x1000", "fresh 0x1000"])
def test_half_written(text: str) -> None:
    with pytest.raises(UserError, match="a level and an address are missing"):
        is_one(text)


@pytest.mark.parametrize("text", ["flushes nonsense == 1", "flushes == nonsense", "flushes == 1 since nowhere",
                                  "flushes if vpid == 2", "stale L1 nonsense", "fresh L2 0x1000"])
def test_mistakes_are_no_failed_expectations(text: str) -> None:
    with pytest.raises(UserError) as wrong:
        check(L1, text)
    assert not isinstance(wrong.value, ExpectationFailed)


def test_expressions_are_left_alone() -> None:
    assert not any(map(is_one, ("1 == 1", "level == 2", "flushes", "stalemate == 1")))


def test_the_tags_of_a_level_that_does_not_run_are_those_of_its_vmcs() -> None:
    vcpu, running = L2.kvm.vcpus[0], L2.kvm.hw.cpus[0]
    assert tags_of(L2.kvm, vcpu, 2) == LevelTags(vcpu.vpid02, 0, running.eptp >> 12)
    first = tags_of(L2.kvm, vcpu, 1)
    assert first.vpid == vcpu.vpid and first.ep4ta not in (-1, running.eptp >> 12)
    out = session("continue", "goto start", kernel="v6.12")
    assert str(tags_of(out.kvm, out.kvm.vcpus[0], 1)).startswith("vpid 1 pcid 0")
    assert would_hit(out.kvm, out.kvm.vcpus[0], tags_of(out.kvm, out.kvm.vcpus[0], 1), 0, False) is None
