"""The statements about the model are complete sentences of data, and the refusals of the code are among them."""

from __future__ import annotations

from kvmdbg.session.model import LEFT_OUT, STATEMENTS, STATUSES


def test_each_statement_has_a_known_status_and_a_reason() -> None:
    assert {statement.status for statement in STATEMENTS} == set(STATUSES)
    assert all(statement.text and statement.reason for statement in STATEMENTS)


def test_nothing_is_said_twice() -> None:
    assert len({(statement.topic, statement.text) for statement in STATEMENTS}) == len(STATEMENTS)


def test_what_the_machine_refuses_is_listed() -> None:
    left_out = " ".join(statement.text for statement in STATEMENTS if statement.status == LEFT_OUT)
    for refused in ("protection keys", "SYSCALL", "several vCPUs", "AMD", "break excess"):
        assert refused in left_out
