"""The catalogue of host events, filled, and how a person writes one: `irq vcpu0 0x20`, `unmap 0x42`."""

from __future__ import annotations

import difflib
import re

from kvmdbg.catalog import open_drawer
from kvmdbg.errors import UserError
from kvmdbg.machine.hw.operands import parse_operand
from kvmdbg.machine.kvm.host_event import HOST_EVENTS, Happening, HostEvent, happen

__all__ = ["HOST_EVENTS", "complete", "happen", "parse_host_event"]

open_drawer("kvmdbg.machine.kvm.host")


def parse_host_event(text: str, vcpus: int, current: int) -> Happening:
    """The host event that `text` names: its word, perhaps `vcpuN`, and operands, separated by blanks or commas.

    vcpus: how many there are; current: the vCPU meant where none is named.
    raises: UserError for an unknown word or vCPU, or an operand that is missing, wrong, or one too many.
    """
    words = [word for word in re.split(r"[,\s]+", text) if word]
    if not words:
        raise UserError("what happens on the host?", f"One of: {', '.join(HOST_EVENTS.names())}.")
    event = _named(words[0])
    given = words[1:]
    vcpu = current
    if given and not event.of_vm and re.fullmatch(r"vcpu\d+", given[0]):
        vcpu = int(given.pop(0)[4:])
        if vcpu >= vcpus:
            raise UserError(f"there is no vcpu{vcpu}", f"There is vcpu0{f' .. vcpu{vcpus - 1}' if vcpus > 1 else ' only'}.")
    if len(given) > len(event.operands):
        raise UserError(f"host {event.name}: {given[len(event.operands)]!r} is one operand too many", f"Write: {event.form}.")
    operands = tuple(parse_operand(f"host {event.name}", i, kind, given[i] if i < len(given) else None, f"Write: {event.form}.")
                     for i, kind in enumerate(event.operands))
    return Happening(event, vcpu, operands, " ".join((event.name, *(() if event.of_vm else (f"vcpu{vcpu}",)), *given)))


def complete(text: str) -> list[str]:
    """Words that can stand where `text` ends: host events, or values of the operand that is being written."""
    words = [word for word in re.split(r"[,\s]+", text) if word]
    if not text[-1:].strip(" \t,"):
        words.append("")
    if len(words) <= 1:
        return [name for name in HOST_EVENTS.names() if name.startswith(words[0] if words else "")]
    event = HOST_EVENTS.get(words[0])
    behind = len(words) - 2 - (len(words) > 2 and words[1].startswith("vcpu"))
    if event is None or behind >= len(event.operands):
        return []
    return event.operands[behind].complete(words[-1])


def _named(word: str) -> HostEvent:
    event = HOST_EVENTS.get(word)
    if event is not None:
        return event
    close = difflib.get_close_matches(word, HOST_EVENTS.names(), 1)
    raise UserError(f"there is no host event {word!r}",
                    f"Did you mean {close[0]}?" if close else f"One of: {', '.join(HOST_EVENTS.names())}.")
