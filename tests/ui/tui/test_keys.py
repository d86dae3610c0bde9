"""The table of keys: no key twice, every action there, all of it in the help."""

from __future__ import annotations

import pytest

from kvmdbg.session.parse import resolve
from kvmdbg.session.session import Session
from kvmdbg.ui.tui import keys
from kvmdbg.ui.tui.app import KvmdbgApp

EVERY = [key for _, group in keys.SECTIONS for key in group if key.keys]


@pytest.mark.parametrize("group", [keys.STEPPING + keys.TIME + keys.PLACES, keys.ALWAYS, keys.AFTER_PREFIX])
def test_no_key_means_two_things(group: tuple[keys.Key, ...]) -> None:
    names = [name for key in group for name in key.keys]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("key", EVERY, ids=lambda key: key.shown)
def test_every_key_leads_somewhere(key: keys.Key) -> None:
    word, _, operand = key.does.partition(":")
    if word == "run":
        Session()
        assert resolve(operand.split()[0]) == operand.split()[0]
    else:
        assert callable(getattr(KvmdbgApp, f"action_{word}"))


@pytest.mark.parametrize("key", EVERY, ids=lambda key: key.shown)
def test_every_key_is_in_the_help(key: keys.Key) -> None:
    assert any(key.shown in text and key.meaning in text for text, _ in keys.help_lines())


def test_the_help_fits_80_columns() -> None:
    assert max(len(text) for text, _ in keys.help_lines()) <= 79


def test_gdbs_single_keys_are_there() -> None:
    assert {"c", "f", "n", "s", "i", "o", "u", "w"} <= set(keys.PANE_KEYS)
    assert {"f5", "f10", "f11", "shift+f11"} <= set(keys.GLOBAL_KEYS)
