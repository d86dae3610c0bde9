"""Code at linear addresses, and what RIP points at."""

from __future__ import annotations

from kvmdbg.machine.kvm.state import level_of
from kvmdbg.machine.kvm.tables import in_guest
from kvmdbg.session.grid import Grid, Row, columns
from kvmdbg.session.reports import report
from kvmdbg.session.session import Session


@report("code", title="Code")
def code(s: Session) -> Grid:
    """Instructions of L1 and L2 that stand at linear addresses (`code`), with an arrow where RIP is."""
    vcpu = s.kvm.vcpus[s.current_vcpu]
    here = (level_of(vcpu), s.kvm.cpu(vcpu).rip) if in_guest(vcpu) else None
    rows = tuple(Row(("->" if at == here else "", f"L{at[0]}", f"{at[1]:x}", insn.text, str(insn.length)), key=at)
                 for at, insn in sorted(s.kvm.code.items()))
    return Grid("Code", columns("", "level", "address>", "instruction", "bytes>"), rows, "" if rows else "no code at addresses")
