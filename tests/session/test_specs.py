"""Event specs."""

from __future__ import annotations

import pytest

from kvmdbg.errors import Unsupported, UserError
from kvmdbg.machine.hw import events as hw
from kvmdbg.machine.hw.interrupts import raise_interrupt, raise_nmi, take
from kvmdbg.machine.kvm import events as kvm_events
from kvmdbg.session.names import matches
from kvmdbg.session.specs import KINDS_OF_EVENTS, Kind, compile_spec, complete_spec, dashed, entry_names, is_spec
from session_support import L2, STALE_IN_L1, session

S = session("map L1 0x400000 0x5000", "inject load 0x400000", *L2, "inject load 0x400000", "inject cpuid")


def matched(text: str) -> list[object]:
    return [S.tape.event(at) or S.tape.entries[at] for at in matches(S, text)]


def test_qualifiers_in_any_order() -> None:
    one, other = matched("flush:invvpid:single-context"), matched("flush single-context invvpid")
    assert one == other != []
    assert all(event.by == "invvpid" and event.type == "single-context" for event in one)  # type: ignore[attr-defined]


def test_exits_by_name_or_number() -> None:
    assert matched("vmexit:CPUID") == matched("vmexit:10") != []
    assert {type(event) for event in matched("vmexit")} == {hw.VmExited}


def test_requests_by_name_and_verb() -> None:
    assert {type(event) for event in matched("req:TLB_FLUSH")} == {kvm_events.RequestMade, kvm_events.RequestServiced}
    assert {type(event) for event in matched("req:TLB_FLUSH raised")} == {kvm_events.RequestMade}


def test_upper_levels_are_told_from_translations() -> None:
    s = session("machine paging_structure_caches=1", "map L1 0x400000 0x5000", "map L1 0x401000 0x5000", "inject load 0x400000",
                "map L1 0x400000 0x5000 rwxu", "inject load 0x401000", "inject invlpg 0x400000")
    for name in ("fill", "drop", "hit"):
        pages, tables = matches(s, f"{name}:page"), matches(s, f"{name}:table")
        assert pages and tables and sorted((*pages, *tables)) == sorted(matches(s, name))
    assert len(matches(s, "hit:combined:pde")) == 1 and matches(s, "fill:guest-physical:pml4e")
    levels = {s.tape.entries[at][1].table_level for at in matches(s, "fill:pdpte")}
    assert levels == {3}


def test_fills_and_drops_are_writes_to_a_tlb() -> None:
    fills, drops = matches(S, "fill:combined"), matches(S, "drop")
    assert fills and drops
    assert all(S.tape.entries[at][3].frame for at in fills)
    names = entry_names(S.kvm, S.tape.entries[fills[0]])
    assert names["page"] == 0x40_0000 and names["cpu"] == 0 and names["kind"] == "combined"


def test_hooks_decisions_and_the_rest_have_events() -> None:
    for text in ("hook:vmx_set_cr3", "hook:root-load", "decision:vmx_vcpu_load_vmcs", "decision:no", "walk:guest:level4", "hit",
                 "access:read",
                 "nested-entry", "nested-exit", "vmentry", "mode:IN_GUEST_MODE", "root:allocated", "vmx:VMsucceed", "write:L1",
                 "exit-handled:l2"):
        assert matched(text), text


@pytest.mark.parametrize("name", KINDS_OF_EVENTS.names())
def test_every_kind_compiles_with_each_of_its_qualifiers(name: str) -> None:
    for offer in KINDS_OF_EVENTS[name].offers(S.kvm):
        assert compile_spec(S.kvm, f"{name}:{dashed(offer)}").tests
    assert compile_spec(S.kvm, name).text == name


def test_mistakes_get_a_guess() -> None:
    for text, message in (("flsh", "there is no event 'flsh'  Did you mean flush?"),
                          ("vmexit:INVVPIDD", "vmexit has no qualifier 'INVVPIDD'  Did you mean INVVPID?"),
                          ("vmentry:x", "vmentry takes no qualifier: 'x'")):
        with pytest.raises(UserError) as wrong:
            compile_spec(S.kvm, text)
        assert str(wrong.value) == message


def test_what_only_the_oracle_knows() -> None:
    stale = session(*STALE_IN_L1, "inject load 0x400000", kernel="v6.12")
    found = matches(stale, "stale")
    assert [type(stale.tape.event(at)) for at in found] == [hw.Hit] and found == matches(stale, "stale:combined:read")
    assert matches(stale, "forbidden") == matches(stale, "stale:fetch") == matches(stale, "stale", since="end") == []
    assert set(found) < set(matches(stale, "hit"))


def test_excess_is_known_too_late_to_stop() -> None:
    assert is_spec("excess") and not is_spec("vmx_flush_tlb")
    with pytest.raises(Unsupported, match="VM entry after it"):
        compile_spec(S.kvm, "excess")


def test_completion_of_names_then_of_qualifiers() -> None:
    assert [text for text, _ in complete_spec(S.kvm, "vme")] == ["vmentry", "vmexit"]
    assert "flush:single-context" in [text for text, _ in complete_spec(S.kvm, "flush:si")]
    assert [text for text, _ in complete_spec(S.kvm, "req:TLB_FLUSH:ra")] == ["req:TLB_FLUSH:raised"]


def test_interrupts_are_told_apart() -> None:
    s = session("inject cpuid")
    raise_interrupt(s.kvm.hw, 0, 0x20)
    raise_nmi(s.kvm.hw, 0)
    take(s.kvm.hw, s.kvm.hw.cpus[0])
    for text, count in (("interrupt", 4), ("interrupt:nmi", 2), ("interrupt:raised:external", 1), ("interrupt:taken", 2)):
        spec = compile_spec(s.kvm, text)
        found = [entry for entry in s.kvm.tape.entries if entry[0] in spec.tests and spec.tests[entry[0]](entry)]
        assert len(found) == count, text


@pytest.mark.parametrize("kind", tuple(KINDS_OF_EVENTS), ids=lambda kind: kind.name)
def test_every_completion_is_a_spec(kind: Kind) -> None:
    found = [text for text, _ in complete_spec(S.kvm, f"{kind.name}:")]
    assert all(is_spec(text) and " " not in text for text in found)
    for text in found:
        if kind.name != "excess":
            compile_spec(S.kvm, text)


def test_there_is_a_spec_for_whatever_happens() -> None:
    """Given every event of the machine, each can be broken on, except that something was left out by `whatif`."""
    known = {owner for one in KINDS_OF_EVENTS for owner in one.labels if isinstance(owner, type)}
    happening = {event for module in (hw, kvm_events) for event in vars(module).values()
                 if isinstance(event, type) and event.__module__ == module.__name__ and hasattr(event, "_fields")}
    assert happening - known == {hw.LeftOut, kvm_events.RequestLeftOut}


def test_smm_and_user_space() -> None:
    s = session(*L2, "host smi", "inject cpuid", "inject rsm", "host reset", kernel="v6.12")
    assert [matches(s, spec) != [] for spec in ("smm:enter", "smm:leave", "nested-left", "reset:user-space", "reset:INIT")] \
        == [True, True, True, True, False]
