"""The whole screen at the three sizes of the drawings, as text: real widgets and layout over tables that are written down here.

KVMDBG_UPDATE_GOLDENS=1 writes the goldens anew; look at the difference before it is committed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kvmdbg.session.grid import Grid, Row, columns
from kvmdbg.session.session import LogLine
from kvmdbg.ui.panes.source import SourceView
from kvmdbg.ui.panes.timeline import TimelineView
from kvmdbg.ui.tui.app import KvmdbgApp
from tui_support import app_of, screen, type_keys

HERE = Path(__file__).parent / "golden"
VCPUS = Grid("vCPUs", columns("id>", "runs", "cpu>", "vpid01>/1", "vpid02>/1", "VPID>", "eptp>/2", "cr3>/2", "next/1"), (
    Row(("0", "L2", "3", "2", "3", "3", "7000", "8000", "mov cr3, 0x2000"), ">", 0),
    Row(("1", "L1", "1", "4", "0", "4", "5000", "1000", "waits for an instruction"), "", 1),
    Row(("2", "L0", "2", "5", "0", "5", "-", "1000", "vcpu_enter_guest"), "*", 2, "changed")))
REQUESTS = Grid("Requests of vcpu0  2 pending, 1 new", columns("bit>", "request", "since", "raised by/1"), (
    Row(("34", "TLB_FLUSH_CURRENT", "#41", "kvm_set_cr3()"), "*", 34, "changed"),
    Row(("35", "TLB_FLUSH_GUEST", ".", ""), "", 35, "dim"),
    Row(("13", "LOAD_MMU_PGD", "#39", "kvm_init_mmu()"), "*", 13, "changed"),
    Row(("0", "TLB_FLUSH", ".", ""), "", 0, "dim")))
TLB = Grid("TLB  6 entries  +1 -2", columns("tag", "vpid>", "pcid>/3", "ep4ta>/2", "gva>", "gpa>/1", "hpa>", "size/4", "rights/4",
                                            "kind", "since/1"), (
    Row(("vpid01", "2", "0", "5", "81000000", "900000", "2a900000", "2M", "rwx-D", "comb", "#12"), "", 1),
    Row(("vpid02", "3", "1", "7", "402000", "12000", "1f012000", "4K", "rwxu", "comb", "#20"), "", 2),
    Row(("vpid02", "3", "1", "7", "403000", "13000", "1f013000", "4K", "rwxu", "comb", "goes"), "-", 3, "gone"),
    Row(("vpid02", "3", "1", "7", "404000", "14000", "1f014000", "4K", "rwxu", "comb", "gone #42"), "-", 4, "gone"),
    Row(("vpid02", "3", "1", "7", "405000", "15000", "1f015000", "4K", "rwxu", "comb", "#42"), "+", 5, "added"),
    Row(("EPT02", "-", "-", "7", "-", "12000", "1f012000", "4K", "rwx", "gphys", "#19"), "", 6)))
VMCS = Grid("VMCS 01|12|02 of vcpu0", columns("field", "vmcs01>", "vmcs12>", "vmcs02>", "note/1"), (
    Row(("VIRTUAL_PROCESSOR_ID", "2", "9", "3", ""), "!", 1),
    Row(("EPT_POINTER", "5000", "7000", "7000", "was |6000|6000"), "*", 2, "changed"),
    Row(("SECONDARY_EXEC.ENABLE_VPID", "1", "1", "1", ""), "", 3),
    Row(("GUEST_CR3", "1000", "8000", "8000", ""), "!", 4),
    Row(("GUEST_RIP", "ffffffff81000000", "402010", "402010", ""), "!", 5),
    Row(("VM_EXIT_REASON", "1c", "0", "1c", "28 CR_ACCESS"), "!", 6)))
BREAKPOINTS = Grid("Breakpoints / Displays", columns("Num>", "Type", "Disp/2", "Enb/1", "Hits>/1", "What"), (
    Row(("1", "breakpoint", "keep", "y", "1", "flush:single-context"), "B", 1),
    Row(("2", "watchpoint", "keep", "n", "0", "vmcs02.EPT_POINTER"), "x", 2, "dim"),
    Row(("1", "display", "", "", "", "vcpu.requests = TLB_FLUSH_CURRENT | LOAD_MMU_PGD"))))
PATH = Grid("Path", columns("#", "function", "at"), (
    Row(("#0", "vpid_sync_context ()", "sample.py:8"), ">", 0),
    Row(("#1", "vmx_flush_tlb_current ()", "sample.py:18"), "", 1),
    Row(("#2", "kvm_service_local_tlb_flush_requests ()", "x86.py:40"), "", 2)))
DIFF = Grid("Diff  #38 -> #42", columns("what", "was", "is"), (
    Row(("tlb3 vpid 3 page 0x404000", "{frame = 0x1f014000}", "nothing"), "-", 1),
    Row(("vmcs02 of vcpu0.GUEST_CR3", "0x6000", "0x8000"), "*", 2)), "Requests on the way: TLB_FLUSH_CURRENT made")
LOG = [
    LogLine(41, "continue", "typed"),
    LogLine(42, "Breakpoint 1, flush:single-context", "said"),
    LogLine(42, "#42 vpid_sync_context () at sample.py:8: cpu3 INVVPID single-context vpid 3: 1 entry about to go, and a line that "
                "has to be wrapped", "said"),
    LogLine(42, "stepp", "typed"),
    LogLine(42, 'Undefined command: "stepp".  Try "help".  Did you mean "step"?', "error"),
]
MARKS = ((5, "F"), (20, "E"), (33, "B"), (60, "m"), (90, "X"), (100, "F"))


def fill(app: KvmdbgApp) -> None:
    """Put the written-down state on the screen."""
    panes = app.panes
    for name, content in (("vcpus", VCPUS), ("requests", REQUESTS), ("tlb", TLB), ("vmcs", VMCS), ("breakpoints", BREAKPOINTS),
                          ("path", PATH), ("diff", DIFF), ("log", LOG)):
        panes[name].show(content)
    panes["source"].show(SourceView(str(HERE / "sample.py"), 8, ("vcpu_enter_guest", "vmx_flush_tlb_current", "vpid_sync_context"),
                                    ((4, "B"), (8, "B=>")), "", "sample.py:8"))
    app.status.show((" kvmdbg  G=42/128  <nested-vpid.kvmdbg>  v6.12  vcpu0 L2 GUEST  | STOP bp1 flush:single-context",
                     " kvmdbg G=42/128 <nested-vpid> v6.12 vcpu0 L2 | STOP bp1 flush:single-context"), "theme:dark ")
    app.timeline_bar.show(TimelineView(42, 128, MARKS))


@pytest.mark.parametrize("name", ["80x24", "120x40", "200x60", "60x15", "120x30", "80x24-menu"])
async def test_the_screen_is_as_it_was_reviewed(name: str) -> None:
    width, height = map(int, name.partition("-")[0].split("x"))
    app = app_of()
    async with app.run_test(size=(width, height)) as pilot:
        if name.endswith("menu"):
            await type_keys(pilot, ":layout \t\t\t")
        fill(app)
        found = "\n".join(screen(app)) + "\n"
    golden = HERE / f"{name}.txt"
    if os.environ.get("KVMDBG_UPDATE_GOLDENS"):
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text(encoding="utf-8")
