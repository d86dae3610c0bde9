"""What is modelled, simplified and left out."""

from __future__ import annotations

from kvmdbg.errors import UserError
from kvmdbg.session.grid import Grid, Row, columns
from kvmdbg.session.model import STATEMENTS, STATUSES
from kvmdbg.session.report_view import View
from kvmdbg.session.reports import report


@report("model", title="Model", aliases=("fidelity",))
def model(s: View, argument: str = "") -> Grid:
    """What the model is faithful to, what it simplifies and what it leaves out, each with its source or its reason.

    `info model left out` shows one kind, `info model TLB` one topic.
    """
    wanted = " ".join(argument.lower().split())
    topics = tuple(dict.fromkeys(statement.topic for statement in STATEMENTS))
    if wanted and wanted not in STATUSES and wanted not in {topic.lower() for topic in topics}:
        raise UserError(f"No such topic: \"{argument}\".", f"Say one of {', '.join((*STATUSES, *topics))}.")
    rows = tuple(Row((statement.topic, statement.status, statement.text, statement.reason)) for statement in STATEMENTS
                 if wanted in ("", statement.status, statement.topic.lower()))
    return Grid("Model", columns("topic", "status", "what", "source or reason/1"), rows)
