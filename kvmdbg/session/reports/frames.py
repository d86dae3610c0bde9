"""The host's memory: which frame holds what."""

from __future__ import annotations

from kvmdbg.machine.kvm.state import VMCS01_BASE, VMREAD_BITMAP_PAGE, VMWRITE_BITMAP_PAGE, VMXON_BASE
from kvmdbg.session.changes import Changes
from kvmdbg.session.grid import FILLED, Grid, Row, columns
from kvmdbg.session.report_view import View, since_last_stop
from kvmdbg.session.reports import report
from kvmdbg.tape import ABSENT


@report("frames", title="Host memory", aliases=("mem", "memory", "mtree"))
def frames(s: View) -> Grid:
    """The 4-KiB frames in use, by host-physical address (hexadecimal): fixed regions, guest pages, EPT pages, vmcs02.

    gfn: the guest frame that a page of guest memory backs.  Frames that nobody has touched do not exist.
    """
    changed = since_last_stop(s)
    gfn_of = {hpa: gfn for gfn, hpa in s.kvm.pages.unordered()}
    fixed = [Row((f"{VMXON_BASE + cpu.id * 0x1000:x}", "-", f"VMXON region of cpu{cpu.id}")) for cpu in s.kvm.hw.cpus]
    fixed += [Row((f"{VMCS01_BASE + vcpu.id * 0x1000:x}", "-", f"vmcs01 of vcpu{vcpu.id}")) for vcpu in s.kvm.vcpus]
    if s.kvm.config.enable_shadow_vmcs:
        fixed += [Row((f"{VMREAD_BITMAP_PAGE:x}", "-", "VMREAD bitmap")), Row((f"{VMWRITE_BITMAP_PAGE:x}", "-", "VMWRITE bitmap"))]
    rows = [Row((f"{hpa:x}", f"{gfn_of[hpa]:x}" if hpa in gfn_of else "-", what), mark(changed, s.kvm.hw.frames, hpa), hpa)
            for hpa, what in s.kvm.hw.frames.items()]
    return Grid(f"Host memory  {len(rows)} frames", columns("hpa>", "gfn>", "holds"), tuple(fixed + rows))


def mark(changed: Changes, table: object, hpa: int) -> str:
    return FILLED if changed.then(table, hpa, "") is ABSENT else ""
