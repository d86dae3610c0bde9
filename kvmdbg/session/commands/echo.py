"""echo: text."""

from __future__ import annotations

import re

from kvmdbg.session import expr
from kvmdbg.session.operands import Words
from kvmdbg.session.parse import command
from kvmdbg.session.results import Text
from kvmdbg.session.session import Session
from kvmdbg.session.views import show


@command("echo", group="session", examples=("echo after the flush", "echo vpid02 is {vcpu0.vpid02}"))
def echo(s: Session, text: Words = "") -> Text:
    """Print the text; expressions in braces are put in."""
    return Text(re.sub(r"\{([^{}]+)\}", lambda match: show(expr.evaluate(match.group(1), s.scope())), text.strip('"')))
