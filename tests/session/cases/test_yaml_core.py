"""The words on, off, yes and no stay words; everything else is plain safe YAML."""

from __future__ import annotations

import pytest
import yaml

from kvmdbg.session.cases.yaml_core import load


def test_on_is_a_key_and_yes_a_word() -> None:
    assert load("{on: VMX, a: yes, b: no, c: off}") == {"on": "VMX", "a": "yes", "b": "no", "c": "off"}


def test_true_false_null_and_hex_keep_their_types() -> None:
    found = load("[true, False, null, ~, 0xffff, -127, 1..4, ~0, '0x1']")
    assert found == [True, False, None, None, 0xFFFF, -127, "1..4", "~0", "0x1"]


def test_a_word_that_begins_like_true_is_text() -> None:
    assert load("[truest, falsehood]") == ["truest", "falsehood"]


@pytest.mark.parametrize("text", ["{a: 1, a: 2}", "x:\n  y: 1\n  y: 1\n", "{[1]: 2}"])
def test_a_repeated_or_odd_key_is_refused(text: str) -> None:
    with pytest.raises(yaml.MarkedYAMLError):
        load(text)
