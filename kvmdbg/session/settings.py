"""What `set` and `show` know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kvmdbg.errors import UserError
from kvmdbg.session.parse import did_you_mean

ON_OFF: Final = ("on", "off")
STOP_ON_FORBIDDEN: Final = "stop-on-forbidden"


@dataclass(slots=True, frozen=True)
class Setting:
    """One setting.  values: the words it takes; () = a whole number from 0 on."""

    name: str
    default: str
    values: tuple[str, ...]
    meaning: str

    def check(self, value: str) -> str:
        """The value in full.  raises: UserError that lists what it may be."""
        if not self.values:
            value = "0" if value == "unlimited" else value
            if not value.isdigit():
                raise UserError(f"set {self.name}: {value!r} is no number", "Write one from 0 on; 0 is unlimited.")
            return value
        found = [known for known in self.values if known == value] \
            or [known for known in self.values if value and known.startswith(value)]
        if len(found) != 1:
            raise UserError(f"set {self.name}: {value!r} is not one of {', '.join(self.values)}", did_you_mean(value, self.values))
        return found[0]


SETTINGS: Final = {setting.name: setting for setting in (
    Setting("confirm", "on", ON_OFF, "ask before something is lost; never asked in scripts and pipes"),
    Setting("glyphs", "unicode", ("unicode", "ascii"), "which characters faces may use besides letters"),
    Setting("history", "1000", (), "how many typed lines faces keep; 0 is unlimited"),
    Setting("listsize", "10", (), "how many lines `list` shows"),
    Setting("narrate", "off", ("off", "brief", "full"), "say what happens on the way: nothing, the story, or every entry"),
    Setting(STOP_ON_FORBIDDEN, "on", ON_OFF, "stop before each use of a forbidden translation, as `break forbidden` does"),
    Setting("pagination", "off", ON_OFF, "stop long output at each screen, in faces that can"),
    Setting("width", "0", (), "columns of a line of output; 0 is unlimited"),
)}


def setting(name: str) -> Setting:
    """The setting of that name or unique prefix.  raises: UserError."""
    found = [SETTINGS[name]] if name in SETTINGS else [one for key, one in SETTINGS.items() if name and key.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(f'Ambiguous setting "{name}": {", ".join(one.name for one in found)}.')
    raise UserError(f'No symbol "{name}" in current context.' if name else "a setting is missing",
                    did_you_mean(name, SETTINGS) or f"Settings: {', '.join(SETTINGS)}; a variable is set by `set $name = EXPR`.")
