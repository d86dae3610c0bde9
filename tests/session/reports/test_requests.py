"""The request table: pending ones first, in service order, with who asked and where."""

from __future__ import annotations

from kvmdbg.machine.boot import boot
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.kvm_host import kvm_make_request
from kvmdbg.session.reports.requests import in_service_order, requests
from looking import Looking, looking


def raised(name: str, *wanted: str) -> Looking:
    s = Looking(boot(kernel(name)))
    for request in wanted:
        kvm_make_request(s.kvm, s.kvm.vcpus[0], request, "somebody")
    return s


def test_pending_ones_come_first_with_bit_position_and_asker() -> None:
    grid = requests(raised("v6.12", "TLB_FLUSH_GUEST", "TLB_FLUSH"))
    assert [row.cells for row in grid.rows[:2]] == [("0", "TLB_FLUSH", "#2", "somebody()", "11", "W NW"),
                                                   ("35", "TLB_FLUSH_GUEST", "#0", "somebody()", "13", "W NW")]
    assert [row.mark for row in grid.rows[:3]] == ["+", "+", ""]
    assert grid.title == "Requests of vcpu0  2 pending, 2 new"


def test_an_older_one_is_pending_but_not_new_and_a_served_one_is_gone() -> None:
    s = raised("v6.12", "TLB_FLUSH")
    s.stop_position_before = s.tape.end
    assert requests(s).rows[0].mark == "*"
    s.kvm.vcpus[0].requests = 0
    assert {row.cells[1]: row.mark for row in requests(s).rows}["TLB_FLUSH"] == "-"


def test_each_kernel_has_its_own_ladder_and_bits() -> None:
    newest, old = ({name: bit for bit, name in in_service_order(looking(kernel).kvm)} for kernel in ("v6.12", "v4.3"))
    assert newest["TLB_FLUSH_CURRENT"] == 34
    assert "TLB_FLUSH_CURRENT" not in old
    assert old["TLB_FLUSH"] == 0


def test_what_the_model_serves_comes_before_what_only_the_kernel_does() -> None:
    names = [name for _, name in in_service_order(looking("v6.12").kvm)]
    assert names.index("TLB_FLUSH_GUEST") < names.index("EVENT") < names.index("MIGRATE_TIMER") < names.index("UNBLOCK")


def test_each_request_shows_its_place_in_the_ladder() -> None:
    rows = {row.cells[1]: row.cells for row in requests(raised("v6.12")).rows}
    assert [rows[name][4] for name in ("VM_DEAD", "TLB_FLUSH", "EVENT", "UNBLOCK")] == ["1", "11", "36", "-"]


def test_a_bit_that_nobody_serves_is_listed_when_it_is_set() -> None:
    s = raised("v6.12", "STEAL_UPDATE")
    assert requests(s).rows[0].cells[1] == "STEAL_UPDATE"
