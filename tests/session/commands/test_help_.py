"""help, apropos, complete."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.session.commands.help_ import TOPICS
from kvmdbg.session.parse import COMMANDS, GROUPS
from session_support import say, session

S = session("define mine", "stepi", "end")


@pytest.mark.parametrize("topic", [*COMMANDS.names(), *GROUPS, *TOPICS, "s", "mine", "info tlb"])
def test_everything_can_be_explained(topic: str) -> None:
    assert say(S, f"help {topic}")


def test_help_names_groups_and_topics() -> None:
    said = say(S, "help")
    assert all(name in said for name in (*GROUPS, *TOPICS))


def test_a_command_is_explained_with_usage_aliases_and_examples() -> None:
    said = say(S, "help s")
    assert said.startswith("step [COUNT]    (also: s)") and "Examples: step; step 3" in said
    assert "COUNT: a number from 1 on" in said


def test_unknown_topics_get_a_guess() -> None:
    with pytest.raises(UserError, match="Did you mean expressions"):
        S.execute("help expresions")


def test_apropos() -> None:
    said = say(S, "apropos flush")
    assert "nextflush -- " in said and "break flush -- " in said
    assert say(S, "apropos zzzz") == "Nothing about 'zzzz'."


def test_complete_prints_whole_lines() -> None:
    assert say(S, "complete info req") == "info requests"
    assert say(S, "complete und") == "undisplay\nundo"


def test_the_events_stand_in_columns() -> None:
    lines = [line for line in say(S, "help events").split("\n") if line.startswith("  ")]
    at = lines[0].index("a load")
    assert all(line[at - 2:at] == "  " and line[at] != " " for line in lines)
