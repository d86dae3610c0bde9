"""set, show: settings and variables."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any

from kvmdbg.session import expr
from kvmdbg.session.formats import kept
from kvmdbg.session.grid import Grid, Row, columns
from kvmdbg.session.operands import LineOperand
from kvmdbg.session.parse import Candidate, command, matching
from kvmdbg.session.results import Result, Text
from kvmdbg.session.session import Session
from kvmdbg.session.settings import SETTINGS, setting
from kvmdbg.session.views import show

_VARIABLE = re.compile(r"(?:var(?:iable)?\s+)?\$([A-Za-z]\w*)\s*=(?!=)\s*(.+)$")
_SUBWORDS = {("history", "size"), ("history", "save"), ("history", "expansion")}


class SettingOperand(LineOperand):
    def __init__(self) -> None:
        super().__init__("SETTING", "a setting and its value, or $name = EXPR")

    def complete(self, session: Any, text: str) -> Iterable[Candidate]:
        name, blank, value = text.partition(" ")
        if not blank:
            return matching(SETTINGS, name, lambda one: SETTINGS[one].meaning)
        known = SETTINGS[name].values if name in SETTINGS else ()
        return [one._replace(start=len(name) + 1) for one in matching(known, value)]


SettingText = Annotated[str, SettingOperand()]


@command("set", group="support", examples=("set narrate brief", "set confirm off", "set $before = position"))
def set_(s: Session, what: SettingText) -> None:
    """Change a setting (see `show`), or give a variable of your own a value."""
    variable = _VARIABLE.match(what)
    if variable:
        s.variables[variable.group(1)] = kept(expr.evaluate(variable.group(2), s.scope()))
        return
    name, _, value = what.partition(" ")
    first, _, rest = value.strip().partition(" ")
    if (name, first) == ("history", "size"):
        value = rest
    found = setting(name)
    values = found.values
    s.choose(found.name, found.check(value.strip() or ("on" if "on" in values else value.strip())))


@command("show", group="support", examples=("show", "show narrate", "show version"), recorded=False)
def show_(s: Session, what: SettingText = "") -> Result:
    """Show a setting, all of them, `show convenience` (your variables), `show values` (the history) or `show version`."""
    if what == "version":
        from kvmdbg import __version__

        return Text(f"kvmdbg {__version__}")
    if what in ("convenience", "conv"):
        known = [f"${name} = {show(value)}" for name, value in s.variables.items() if name[0] != "_"]
        return Text("\n".join(known) or "No variables.")
    if what == "values":
        return Text("\n".join(f"${number} = {show(value)}" for number, value in enumerate(s.history, 1)) or "The history is empty.")
    if what:
        found = setting(what.partition(" ")[0])
        return Text(f"{found.name} is {s.settings[found.name]}: {found.meaning}")
    rows = tuple(Row((one.name, s.settings[one.name], one.meaning), key=one.name) for one in SETTINGS.values())
    return Grid("Settings", columns("setting", "value", "meaning"), rows)
