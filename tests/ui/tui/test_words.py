"""Words of the screen: reading, completing, validating."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.session.session import Session
from kvmdbg.ui.tui.words import WORDS, Said, Words

OPERANDS = {"pane": lambda: ("tlb", "vmcs", "log", "all"), "theme": lambda: ("dark", "light")}


@pytest.fixture
def words() -> Words:
    return Words(Session(), OPERANDS)


@pytest.mark.parametrize(("line", "said"), [
    ("layout tlb", Said("layout", "tlb")), ("la v", Said("layout", "vmcs")), ("fs log", Said("focus", "log")),
    ("zoom", Said("zoom", "")), ("theme li", Said("theme", "light")), ("refresh", Said("refresh", ""))])
def test_reading(words: Words, line: str, said: Said) -> None:
    assert words.read(line) == said


@pytest.mark.parametrize("line", ["step", "", "  ", "info tlb", "layouts"])
def test_everything_else_is_the_sessions(words: Words, line: str) -> None:
    assert words.read(line) is None


@pytest.mark.parametrize(("line", "message"), [
    ("layout", "which pane"), ("layout nowhere", "no pane 'nowhere'"), ("refresh now", "too much"), ("focus tlb log", "too much")])
def test_wrong_operands_are_named(words: Words, line: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        words.read(line)
    assert message in words.validate(line)


def test_validation_asks_the_session_for_the_rest(words: Words) -> None:
    assert words.validate("layout tlb") == "" and words.validate("step") == ""
    assert "Undefined command" in words.validate("stepp")


def test_completion_mixes_both(words: Words) -> None:
    texts = [one.text for one in words.completions("la")]
    assert "layout" in texts and "last" in texts
    assert [one.text for one in words.completions("layout v")] == ["vmcs"]
    assert [(one.text, one.start) for one in words.completions("theme ")] == [("dark", 6), ("light", 6)]
    assert "tlb" in [one.text for one in words.completions("info t")]


def test_a_block_takes_every_line(words: Words) -> None:
    words.session.execute("program")
    assert words.read("refresh") is None
    assert "layout" not in [one.text for one in words.completions("la")]


def test_no_word_hides_a_command() -> None:
    Session()
    from kvmdbg.session.parse import ALIASES
    assert not [name for word in WORDS for name in (word.name, *word.aliases) if name in ALIASES]
