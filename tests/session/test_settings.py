"""Settings and their values."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from kvmdbg.session.settings import SETTINGS, setting


def test_a_unique_prefix_names_a_setting() -> None:
    assert setting("narr").name == "narrate" and setting("conf").name == "confirm"


@pytest.mark.parametrize(("name", "value", "checked"), [
    ("narrate", "br", "brief"), ("confirm", "off", "off"), ("width", "80", "80"), ("width", "unlimited", "0")])
def test_values(name: str, value: str, checked: str) -> None:
    assert setting(name).check(value) == checked


@pytest.mark.parametrize(("name", "value"), [("narrate", "loud"), ("confirm", ""), ("confirm", "o"), ("width", "-1")])
def test_wrong_values(name: str, value: str) -> None:
    with pytest.raises(UserError, match=f"set {name}"):
        setting(name).check(value)


def test_unknown_settings() -> None:
    for name in ("colour", "", "x"):
        with pytest.raises(UserError):
            setting(name)


def test_defaults_are_allowed_values() -> None:
    for one in SETTINGS.values():
        assert one.check(one.default) == one.default
