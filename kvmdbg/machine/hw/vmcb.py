"""The virtual-machine control block of AMD's SVM: its fields, by the names that Linux gives them (APM Vol. 2 appendix B).

The model has no SVM: a VMCB is data to look at and to check (vmrun_checks.py), which a kernel's log may bring.  A machine with one
keeps it in a table of its own, `vmcb`; others have no such table.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from kvmdbg.machine.hw.state import Hardware
from kvmdbg.tape import Table

CONTROL: Final = "control"
SAVE: Final = "save"
OWNER: Final = "vmcb"                    # name of the table
SEGMENTS: Final = ("es", "cs", "ss", "ds", "fs", "gs", "gdtr", "ldtr", "idtr", "tr")


class VmcbField(NamedTuple):
    """One field of a VMCB."""

    name: str             # struct vmcb_control_area or vmcb_save_area; of a segment with its part: "cs.attrib"
    offset: int           # bytes from the beginning of the VMCB; the state-save area begins at 0x400
    bits: int
    area: str             # CONTROL or SAVE


_CONTROL: Final = (
    ("cr_read", 0x000, 16), ("cr_write", 0x002, 16), ("dr_read", 0x004, 16), ("dr_write", 0x006, 16), ("exceptions", 0x008, 32),
    ("intercepts3", 0x00C, 32), ("intercepts4", 0x010, 32), ("intercepts5", 0x014, 32), ("pause_filter_thresh", 0x03C, 16),
    ("pause_filter_count", 0x03E, 16), ("iopm_base_pa", 0x040, 64), ("msrpm_base_pa", 0x048, 64), ("tsc_offset", 0x050, 64),
    ("asid", 0x058, 32), ("tlb_ctl", 0x05C, 8), ("int_ctl", 0x060, 32), ("int_vector", 0x064, 32), ("int_state", 0x068, 32),
    ("exit_code", 0x070, 64), ("exit_info_1", 0x078, 64), ("exit_info_2", 0x080, 64), ("exit_int_info", 0x088, 32),
    ("exit_int_info_err", 0x08C, 32), ("nested_ctl", 0x090, 64), ("avic_vapic_bar", 0x098, 64), ("ghcb_gpa", 0x0A0, 64),
    ("event_inj", 0x0A8, 32), ("event_inj_err", 0x0AC, 32), ("nested_cr3", 0x0B0, 64), ("virt_ext", 0x0B8, 64),
    ("next_rip", 0x0C8, 64), ("avic_backing_page", 0x0E0, 64), ("avic_logical_id", 0x0F0, 64), ("avic_physical_id", 0x0F8, 64),
    ("vmsa_pa", 0x108, 64), ("allowed_sev_features", 0x138, 64), ("guest_sev_features", 0x140, 64))
_SAVE: Final = (
    *((f"{name}.{part}", 0x400 + 0x10 * i + at, bits) for i, name in enumerate(SEGMENTS)
      for part, at, bits in (("selector", 0, 16), ("attrib", 2, 16), ("limit", 4, 32), ("base", 8, 64))),
    ("vmpl", 0x4CA, 8),
    ("cpl", 0x4CB, 8), ("efer", 0x4D0, 64), ("cr4", 0x548, 64), ("cr3", 0x550, 64), ("cr0", 0x558, 64), ("dr7", 0x560, 64),
    ("dr6", 0x568, 64), ("rflags", 0x570, 64), ("rip", 0x578, 64), ("rsp", 0x5D8, 64), ("rax", 0x5F8, 64), ("star", 0x600, 64),
    ("lstar", 0x608, 64), ("cstar", 0x610, 64), ("sfmask", 0x618, 64), ("kernel_gs_base", 0x620, 64), ("sysenter_cs", 0x628, 64),
    ("sysenter_esp", 0x630, 64), ("sysenter_eip", 0x638, 64), ("cr2", 0x640, 64), ("g_pat", 0x668, 64), ("dbgctl", 0x670, 64),
    ("br_from", 0x678, 64), ("br_to", 0x680, 64), ("last_excp_from", 0x688, 64), ("last_excp_to", 0x690, 64))
VMCB_FIELDS: Final = {name: VmcbField(name, offset, bits, area) for area, rows in ((CONTROL, _CONTROL), (SAVE, _SAVE))
                      for name, offset, bits in rows}


def vmcb_of(hw: Hardware) -> Table[str, int] | None:
    """The machine's VMCB, name -> value; None on a machine without one."""
    found = hw.tape.owners.get(OWNER)
    return found if isinstance(found, Table) else None


def make_vmcb(hw: Hardware) -> Table[str, int]:
    """Give the machine an empty VMCB.  raises: ModelBug when it has one."""
    return Table(hw.tape, OWNER)
