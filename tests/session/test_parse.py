"""Names of commands, operands, completion."""

from __future__ import annotations

import pytest

from kvmdbg.errors import ModelBug, UserError
from kvmdbg.session.operands import Count
from kvmdbg.session.parse import ALIASES, COMMANDS, GROUPS, command, did_you_mean, head, matching, parse, resolve
from session_support import session

S = session()


@pytest.mark.parametrize(("word", "name"), [
    ("s", "step"), ("si", "stepi"), ("n", "next"), ("fin", "finish"), ("u", "until"), ("adv", "until"), ("c", "continue"),
    ("fg", "continue"),
    ("rs", "reverse-step"), ("rsi", "reverse-stepi"), ("rn", "reverse-next"), ("rf", "reverse-finish"), ("rc", "reverse-continue"),
    ("b", "break"), ("br", "break"), ("tb", "tbreak"), ("d", "delete"), ("cl", "clear"), ("en", "enable"), ("dis", "disable"),
    ("p", "print"), ("i", "info"), ("l", "list"), ("bt", "backtrace"), ("where", "backtrace"), ("f", "frame"), ("q", "quit"),
    ("t", "vcpu"), ("thread", "vcpu"), ("so", "source"), ("h", "help"), ("ctx", "context"), ("mark", "bookmark"),
    ("disp", "display"),
    ("g-", "reverse-continue"), ("p-", "reverse-next"), ("t-", "reverse-step"), ("ugo", "goto"), ("page", "walk"),
    ("inj", "inject"), ("undi", "undisplay"), ("reverse-stepi", "reverse-stepi"), ("cond", "condition"), ("ig", "ignore")])
def test_gdb_abbreviations(word: str, name: str) -> None:
    assert resolve(word) == name


def test_an_exact_name_wins_over_longer_ones() -> None:
    assert resolve("step") == "step"
    assert resolve("undo") == "undo"


def test_an_ambiguous_word_lists_what_it_could_be() -> None:
    with pytest.raises(UserError, match=r'^Ambiguous command "re": record, redo, repeat, reverse-continue, '):
        resolve("re")


def test_an_unknown_word_in_gdbs_voice_with_a_guess() -> None:
    with pytest.raises(UserError) as wrong:
        resolve("stepp")
    assert str(wrong.value) == 'Undefined command: "stepp".  Try "help".  Did you mean "step"?'
    with pytest.raises(UserError, match=r'^Undefined command: "foo".  Try "help".$'):
        resolve("foo")


def test_words_of_the_person_are_known_too() -> None:
    assert resolve("myword", ["myword"]) == "myword"


def test_head_splits_the_format_from_the_word() -> None:
    assert head("  p/x 5") == ("p", "/x 5")
    assert head("reverse-step 2") == ("reverse-step", " 2")
    assert head("") == ("", "")


def test_operands_are_parsed_by_their_annotations() -> None:
    assert parse(S, "step 3", "step").arguments == {"count": 3}
    assert parse(S, "step", "step").arguments == {"count": 1}
    assert parse(S, "x/4gx hpa 0x1000", "x").arguments == {"format": (4, "x", "g"), "space": "hpa", "address": "0x1000"}
    assert parse(S, "map vcpu0 L1 4K 0x2000 rw", "map").arguments == {
        "vcpu": 0, "level": "L1", "address": 0x1000, "target": 0x2000, "options": {"flags": "rw"}}


@pytest.mark.parametrize(("line", "message"), [
    ("step x", 'No symbol "x"'), ("step 1 2", "step: '2' is too much"), ("step 0", "'0' is no count"),
    ("map L1 0x1000", "map: ADDRESS is missing"),
    ("map L3 0 0", "'L3' is not one of L1, L2, ept12"), ("step/x", "step takes no format"),
    ("inject", "inject: INSTRUCTION is missing"),
    ("print/z 1", 'Undefined output format "z"')])
def test_wrong_operands(line: str, message: str) -> None:
    with pytest.raises(UserError) as wrong:
        S.execute(line)
    assert message in str(wrong.value)


def test_completion_of_commands_and_of_operands() -> None:
    assert [one.text for one in S.completions("und")] == ["undisplay", "undo"]
    assert ("flush", 6) in [(one.text, one.start) for one in S.completions("break fl")]
    assert [one.text for one in S.completions("map L")] == ["L1", "L2"]
    assert [(one.text, one.start) for one in S.completions("map vcpu0 e")] == [("ept12", 10)]
    assert "single-context" in [one.text for one in S.completions("inject invvpid s")]
    assert [one.text for one in S.completions("info req")] == ["requests"]
    assert [one.text for one in S.completions("step 1 ")] == []
    assert "vmcs02" in [one.text for one in S.completions("print/x vmcs0")]


def test_completion_looks_at_the_cursor_only() -> None:
    assert [one.text for one in S.completions("und 5", 3)] == ["undisplay", "undo"]


def test_a_command_must_belong_to_a_group() -> None:
    with pytest.raises(ModelBug, match="no group"):
        command("nonsense", group="none")(lambda s: None)


def test_an_operand_without_a_type_is_refused() -> None:
    def bad(s: object, count: int) -> None: ...
    with pytest.raises(ModelBug, match="no Operand"):
        command("nonsense", group="data")(bad)

    def good(s: object, count: Count) -> None: ...
    with pytest.raises(ModelBug, match="declared twice"):
        command("step", group="data")(good)


@pytest.mark.parametrize("entry", list(COMMANDS), ids=lambda entry: entry.name)
def test_every_command_has_help_and_examples_that_parse(entry: object) -> None:
    found = COMMANDS[getattr(entry, "name")]  # noqa: B009
    assert found.summary.endswith((".", ":", "`until flush`.")) and found.group in GROUPS and found.examples
    for example in found.examples:
        word = head(example)[0]
        assert ALIASES[resolve(word)] == found.name
        if not {"bookmark", "goto", "diff", "clear", "condition", "ignore", "enable", "undisplay", "delete", "disable",
                "commands"} \
                & {found.name}:
            parse(S, example, found.name)


def test_matching_and_guessing_ignore_case() -> None:
    assert [one.text for one in matching(["GUEST_CR3", "HOST_CR3"], "guest")] == ["GUEST_CR3"]
    assert did_you_mean("guest_cr33", ["GUEST_CR3"]) == "Did you mean GUEST_CR3?"
    assert did_you_mean("zzz", ["GUEST_CR3"]) == ""
