"""What REPL and TUI share of prompt_toolkit."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from prompt_toolkit.auto_suggest import Suggestion
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.validation import ValidationError
from pygments.token import Comment, Keyword, Name, Number, String

from kvmdbg.ui.promptkit import (
    HISTORY_LINES,
    KvmdbgCompleter,
    KvmdbgValidator,
    history_path,
    lexer_class,
    make_auto_suggest,
    make_history,
    prompt_style,
)
from kvmdbg.ui.themes import PALETTES


class Proposed(NamedTuple):
    text: str
    start: int
    meaning: str


class Words:
    """A speaker with two words; what the prompt classes ask of a session is no more than this."""

    def completions(self, text: str, cursor: int | None = None) -> list[Proposed]:
        word = text[:cursor].split(" ")[-1]
        return [Proposed(w, len(text[:cursor]) - len(word), f"does {w}") for w in ("step", "stepi") if w.startswith(word)]

    def validate(self, text: str) -> str:
        return "" if text.split()[0] in ("step", "stepi") else f'Undefined command: "{text.split()[0]}".  Try "help".'


def test_completions_replace_the_word_before_the_cursor_and_carry_meanings() -> None:
    found = list(KvmdbgCompleter(Words()).get_completions(Document("help ste", 8), CompleteEvent()))
    assert [(c.text, c.start_position, c.display_meta_text) for c in found] == [
        ("step", -3, "does step"), ("stepi", -3, "does stepi")]


def test_the_validator_says_what_the_session_says() -> None:
    validator = KvmdbgValidator(Words())
    validator.validate(Document("step"))
    validator.validate(Document("  "))
    with pytest.raises(ValidationError, match="Undefined command"):
        validator.validate(Document("foo"))


def test_history_is_shared_through_a_file_newest_first(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "history"
    first = make_history(path)
    for line in ("step", "step", "", "next"):
        first.append_string(line)
    assert path.read_text() == "step\nnext\n"
    assert make_history(path).get_strings() == ["step", "next"]
    assert list(make_history(path).load_history_strings()) == ["next", "step"]


def test_an_unwritable_history_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    history = make_history(tmp_path / "file" / "below")
    history.append_string("step")
    assert history.get_strings() == ["step"] and history.path is None


def test_history_is_capped(tmp_path: Path) -> None:
    path = tmp_path / "history"
    path.write_text("".join(f"goto {n}\n" for n in range(HISTORY_LINES + 5)))
    assert make_history(path).get_strings()[0] == "goto 5"


def test_where_the_history_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KVMDBG_HISTORY", "")
    assert history_path() is None
    monkeypatch.setenv("KVMDBG_HISTORY", "/x/y")
    assert history_path() == Path("/x/y")
    monkeypatch.delenv("KVMDBG_HISTORY")
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert history_path() == Path("/state/kvmdbg/history")


def test_the_suggestion_is_the_newest_line_that_starts_alike() -> None:
    history = make_history(None)
    for line in ("inject vcpu0 nop", "inject vcpu0 hlt"):
        history.append_string(line)
    buffer = Buffer(history=history)
    suggestion = make_auto_suggest().get_suggestion(buffer, Document("inj"))
    assert isinstance(suggestion, Suggestion) and suggestion.text == "ect vcpu0 hlt"


def test_the_lexer_knows_commands_numbers_strings_and_comments() -> None:
    lexer = lexer_class(("step", "inject", "reverse-step"))()
    tokens = [(t, v) for t, v in lexer.get_tokens('inject vcpu0 mov cr3, 0x2000 "x" # why\nstepp\n') if v.strip()]
    assert (Keyword, "inject") in tokens and (Number, "0x2000") in tokens and (String, '"x"') in tokens
    assert (Comment, "# why") in tokens
    assert (Name, "stepp") in tokens
    assert (Keyword, "reverse-step") in list(lexer_class(("step", "reverse-step"))().get_tokens("reverse-step"))


@pytest.mark.parametrize("palette", [None, *PALETTES.values()])
def test_a_style_for_each_palette_and_for_none(palette: object) -> None:
    rules = dict(prompt_style(palette).style_rules)  # type: ignore[arg-type]
    assert "auto-suggestion" in rules
    assert (palette is not None) == any("#" in rule for rule in rules.values())
