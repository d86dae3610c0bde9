"""A kernel log as it is pasted: with time stamps and names of hosts in front, wrapped by mail programs, mixed with other lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_PREFIXES: Final = tuple(re.compile(pattern) for pattern in (
    r"[>|]\s?",                                                    # quoted in a mail
    r"<\d{1,3}>",                                                  # the level, of /proc/kmsg and the serial console
    r"\[\s*\d+\.\d+\]\s*",                                         # seconds since the boot
    r"\[\s*[TC]\d+\]\s*",                                          # the thread or processor that printed it
    r"\[[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ [\d:]+ \d{4}\]\s*",       # dmesg -T
    r"[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d \S+ (?=kernel:)",      # syslog, journalctl
    r"\d{4}-\d\d-\d\dT[\d:.,]+(?:Z|[+-]\d\d:?\d\d)? \S+ (?=kernel:)",
    r"kernel:\s*",
    r"(?:kvm|kvm_intel|kvm_amd|KVM|SVM)(?:\s*\[\d+\])?:\s+(?=\S)"))
_IS_RAW_MAIL: Final = re.compile(r"=3D|=(?:20)?\r?$", re.MULTILINE)      # quoted-printable; kernels print 3d, and end no line so


class Line(NamedTuple):
    """One line of a log, without what stands in front of the message."""

    number: int               # from 1 on
    text: str


def messages(log: str) -> Iterator[Line]:
    """The lines of a log that say something."""
    if _IS_RAW_MAIL.search(log):
        log = unquoted(log)
    for number, line in enumerate(log.splitlines(), start=1):
        text = message(line)
        if text:
            yield Line(number, text)


def unquoted(log: str) -> str:
    """A raw mail as it was written: `=3D` stood for =, `=20` for a blank, and = at the end for a line that goes on."""
    joined = re.sub(r"=\r?\n", "", log)
    return joined.replace("=20", " ").replace("=09", " ").replace("=3D", "=")


def message(line: str) -> str:
    """A line without time stamps, levels, names of hosts and of modules."""
    text = line.strip()
    while True:
        match = next((match for prefix in _PREFIXES if (match := prefix.match(text))), None)
        if match is None:
            return text
        text = text[match.end():].lstrip()
