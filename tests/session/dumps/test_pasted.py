"""Which dump, and what is said of it."""

from __future__ import annotations

import pytest

from dump_support import fields, vmcs_log
from kvmdbg.errors import UserError
from kvmdbg.session.dumps.pasted import chosen, dumps_of, names, remarks
from session_support import session

LOG = vmcs_log(fields(session("continue"), VM_EXIT_REASON=0x8000_0021, EXIT_QUALIFICATION=4))


def test_a_number_chooses_and_the_count_is_told() -> None:
    dump, where = chosen(LOG, "a.log", 0)
    assert where == f"the dump, a VMCS on lines 2 to {len(LOG.splitlines()) - 1}" and dump.first == 2
    assert chosen(LOG + LOG, "a.log", 2)[1].startswith("dump 2 of 2, a VMCS on lines ")
    assert len(dumps_of(LOG * 3)) == 3


@pytest.mark.parametrize(("log", "number", "message"), [("", 0, "a.log has no dump"),
                                                        (LOG, 2, "a.log has 1 dump: there is no number 2"),
                                                        (LOG * 2, 3, "has 2 dumps")])
def test_what_is_not_there(log: str, number: int, message: str) -> None:
    with pytest.raises(UserError, match=message):
        chosen(log, "a.log", number)


def test_remarks_name_the_exit_and_what_was_lost() -> None:
    assert remarks(chosen(LOG, "a", 0)[0]) == ["its last exit: failed entry 33 INVALID_STATE, qualification 0x4"]
    cut = "\n".join(line for line in LOG.splitlines() if "RFLAGS" not in line)
    assert "lost, so as on a machine just booted: GUEST_RFLAGS, GUEST_DR7" in remarks(chosen(cut, "a", 0)[0])
    assert names([str(i) for i in range(14)]).endswith("11 and 2 more")
