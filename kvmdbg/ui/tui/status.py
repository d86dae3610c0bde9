"""The words of the status line: where the cursor stands, who runs, and why it stopped there."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

from kvmdbg.machine.kvm.state import level_of
from kvmdbg.session.report_view import current_vcpu, in_guest
from kvmdbg.session.session import Session

REASONS: Final = {
    "step": "stepped", "waiting": "WAITS for inject", "end": "END: nothing more runs", "start": "START of the tape",
    "stuck": "STUCK: no progress", "interrupted": "INTERRUPTED", "goto": "went here", "inject": "injected", "continue": "stopped",
    "forbidden": "STOP forbidden use",
}


def status_lines(session: Session, script: str, running: bool) -> tuple[str, ...]:
    """The status line in shorter and shorter words.  script: path of the session's file, "" for none."""
    at = f"G={session.tape.cursor}/{session.tape.end}"
    vcpu = current_vcpu(session)
    who = f"vcpu{vcpu.id} L{level_of(vcpu)}"
    side = "GUEST" if in_guest(session.kvm, vcpu) else "HOST"
    name = PurePath(script).name
    full, short = (f"<{name}> ", f"<{name.removesuffix('.kvmdbg')}> ") if name else ("", "")
    why = "RUNNING, ^C stops" if running else reason(session)
    kernel = session.kernel
    return (f" kvmdbg  {at}  {full} {kernel}  {who} {side}  | {why}",
            f" kvmdbg {at} {full}{kernel} {who} {side} | {why}",
            f" kvmdbg {at} {short}{kernel} {who} {side} | {why}",
            f" kvmdbg {at} {short}{kernel} {who} | {why}",
            f" {at} {kernel} {who} | {why}")


def reason(session: Session) -> str:
    """Why the cursor stands where it stands, in a few words."""
    stop = session.last_stop
    if stop is None or stop.position != session.tape.cursor:
        return "ready"
    if stop.breakpoint is not None:
        known = session.breakpoints
        what = known[stop.breakpoint].describe() if stop.breakpoint in known else "deleted"
        return f"STOP bp{stop.breakpoint} {what}"
    return REASONS.get(stop.reason, stop.reason)
