"""`set_sregs TR unusable`, `set_sregs CR3=0x5000`: user space writes special registers."""

from __future__ import annotations

import re
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation

UNUSABLE: Final = re.compile(r"([A-Z]{2}|LDTR) unusable")
VALUE: Final = re.compile(r"((?:CR[034]|EFER)|(?:[A-Z]{2}|LDTR)\.\w+)=(\w+)")


@operation("set_sregs", actors=("L0.user", "host"))
def set_sregs(h: Harness, op: Operation, actor: Actor) -> str:
    """What the ioctl returns."""
    words = []
    for part in re.split(r", ?", op.text.removeprefix("set_sregs").strip()):
        if match := UNUSABLE.fullmatch(part):
            words.append(f"{match[1]}=unusable")
        elif match := VALUE.fullmatch(part):
            words.append(f"{match[1]}={h.binding.number64(match[2]):#x}")
        else:
            raise Unsupported(f"set_sregs: {part}")
    h.player.host(f"set-sregs {' '.join(words)}")
    return "ok"
