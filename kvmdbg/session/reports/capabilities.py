"""The VMX capability MSRs: what the processor tells KVM, and what KVM of this kernel tells L1."""

from __future__ import annotations

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.capabilities import vmx_msrs
from kvmdbg.machine.hw.capability_bits import NUMBERS, Decoded, decode
from kvmdbg.machine.hw.vmcs import VMCS_REVISION
from kvmdbg.machine.kvm.msr.vmx_capabilities import vmx_get_vmx_msr
from kvmdbg.session.grid import DIFFERS, Column, Grid, Row, columns
from kvmdbg.session.report_view import View, current_vcpu, hexadecimal
from kvmdbg.session.reports import report

PREFIX = "IA32_"
MISSING = -1


@report("capabilities", title="VMX capabilities", aliases=("caps", "msrs"))
def capabilities(s: View, argument: str = "") -> Grid:
    """The VMX capability MSRs of the processor and of L1, which KVM of this kernel offers its own: ! where the two differ.

    `info capabilities EPT_VPID` decodes the MSRs with that in their name, bit by bit; of a control, whether it must be 0, may be
    1 or must be 1.  `info capabilities all` decodes every one.  - : the MSR is not there.  `machine IA32_VMX_MISC=...` changes the
    processor's, `machine l1.IA32_VMX_MISC=...` what L1 is left.
    """
    wanted = argument.strip().upper()
    names = [name for name in NUMBERS if wanted in ("", "ALL") or wanted in name]
    if not names:
        raise UserError(f"No capability MSR is called \"{argument}\".", f"They are {', '.join(NUMBERS)}.")
    values = {name: of(s, NUMBERS[name]) for name in names}
    if not wanted:
        rows = tuple(Row((name, f"{NUMBERS[name]:x}", *map(hexadecimal, both)), mark(*both), name) for name, both in values.items())
        heads = (Column("msr"), Column("number", ">"), Column("processor", ">"), Column("L1", ">"))
        return Grid("VMX capability MSRs", heads, rows)
    lines = tuple(row for name, both in values.items() for row in decoded(name, *both))
    return Grid(f"VMX capabilities: {wanted}", columns("msr", "bit", "means", "processor", "L1"), lines)


def of(s: View, number: int) -> tuple[int, int]:
    """An MSR as the processor and as L1 have it, MISSING where they do not."""
    theirs = vmx_get_vmx_msr(number)(s.kvm, current_vcpu(s))
    return vmx_msrs(s.kvm.hw.caps, VMCS_REVISION).get(number, MISSING), MISSING if theirs is None else theirs


def decoded(name: str, mine: int, theirs: int) -> list[Row]:
    """The lines about one MSR, those of both side by side."""
    number, rows = NUMBERS[name], []
    sides = [{(line.bits, line.name): line for line in decode(number, value) if value != MISSING} for value in (mine, theirs)]
    for bits, means in sorted({**sides[0], **sides[1]}, key=lambda key: int(key[0].rpartition(":")[2])):
        texts = (said(sides[0].get((bits, means)), mine), said(sides[1].get((bits, means)), theirs))
        rows.append(Row((name.removeprefix(PREFIX), bits, means, *texts), mark(*texts), (number, bits)))
    return rows


def said(line: Decoded | None, value: int) -> str:
    """A setting; a bit that only the other side lists is 0 here."""
    return line.setting if line else "-" if value == MISSING else "0"


def mark(mine: object, theirs: object) -> str:
    return DIFFERS if mine != theirs else ""
