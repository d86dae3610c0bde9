"""KVM's dump_vmcb(): what it prints when VMRUN was refused (svm.c).

Until v5.7 the intercepts are one number of 64 bits, and `lbr_ctl` is what `virt_ext` was called later; since v5.14 a header names
the VMCB.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kvmdbg.machine.hw.vmcb import SEGMENTS, VMCB_FIELDS
from kvmdbg.session.dumps.dump import Dump, dumps_in
from kvmdbg.session.dumps.form import form

CONTROL_AREA, SAVE_AREA = "VMCB Control Area:", "VMCB State Save Area:"
OLD_INTERCEPTS: Final = "INTERCEPTS_64"
_HEADER: Final = re.compile(r"(?:(?:SVM|SEV|SEV-ES|SEV-SNP) )?(?:vCPU\d+ )?VMCB \S+, last attempted VMRUN on CPU -?\d+")
_PLAIN: Final = (
    "cr_read", "cr_write", "dr_read", "dr_write", "exceptions", "iopm_base_pa", "msrpm_base_pa", "tsc_offset", "int_ctl",
    "int_vector", "int_state", "exit_code", "exit_int_info", "exit_int_info_err", "nested_cr3", "avic_vapic_bar", "event_inj",
    "event_inj_err", "next_rip", "avic_backing_page", "avic_logical_id", "avic_physical_id", "vmsa_pa", "allowed_sev_features",
    "guest_sev_features")
_DECIMAL: Final = {"asid": "asid", "tlb_ctl": "tlb_ctl", "nested_ctl": "nested_ctl", "virt_ext": "virt_ext", "lbr_ctl": "virt_ext",
                   "pause filter count": "pause_filter_count", "pause filter threshold": "pause_filter_thresh"}
_RENAMED: Final = {"exit_info1": "exit_info_1", "exit_info2": "exit_info_2", "ghcb": "ghcb_gpa"}
_PAIRS: Final = (("cr0", "cr2"), ("cr3", "cr4"), ("dr6", "dr7"), ("rip", "rflags"), ("rsp", "rax"), ("star", "lstar"),
                 ("cstar", "sfmask"), ("kernel_gs_base", "sysenter_cs"), ("sysenter_esp", "sysenter_eip"), ("gpat", "dbgctl"),
                 ("br_from", "br_to"), ("excp_from", "excp_to"))
_OF_SEV: Final = (("rax", "rbx"), ("rcx", "rdx"), ("rsi", "rdi"), ("rbp", "rsp"), ("r8", "r9"), ("r10", "r11"), ("r12", "r13"),
                  ("r14", "r15"), ("xcr0", "xss"))
_NAMES: Final = {"gpat": "g_pat", "excp_from": "last_excp_from", "excp_to": "last_excp_to"}
_DOT: Final = "__"               # stands for the dot in names of forms


def _control() -> Iterator[str]:
    yield from (f"{name}: {{{name}}}" for name in _PLAIN)
    yield from (f"{said}: {{{name}}}" for said, name in _RENAMED.items())
    yield from (f"{said}: {{{name}:d}}" for said, name in _DECIMAL.items())
    yield "intercepts: {intercepts3} {intercepts4}"
    yield f"intercepts: {{{OLD_INTERCEPTS}}}"


def _save() -> Iterator[str]:
    for name in SEGMENTS:
        parts = zip("salb", ("selector", "attrib", "limit", "base"), strict=True)
        yield f"{name}: " + " ".join(f"{letter}: {{{name}{_DOT}{part}}}" for letter, part in parts)
    yield "cpl: {cpl:d} efer: {efer}"
    yield "vmpl: {vmpl:d} cpl: {cpl:d} efer: {efer}"
    for pair in _PAIRS:
        yield " ".join(f"{said}: {{{_NAMES.get(said, said)}}}" for said in pair)


class VmcbFormat:
    """How dump_vmcb() prints; see dump.Format."""

    name = "VMCB"
    sections = {CONTROL_AREA: tuple(map(form, _control())), SAVE_AREA: tuple(map(form, _save()))}
    ignored = (form("sev_features {X}"), *(form(f"{left}: {{X}} {right}: {{Y}}") for left, right in _OF_SEV))     # not of a VMCB

    def header(self, text: str) -> bool:
        return _HEADER.match(text) is not None

    def listed(self, text: str) -> str:
        return ""


def vmcb_dumps(log: str) -> Iterator[Dump]:
    """The dumps of VMCBs in a log, in order."""
    for dump in dumps_in(log, VmcbFormat()):
        values = {name.replace(_DOT, "."): value for name, value in dump.values.items()}
        both = values.pop(OLD_INTERCEPTS, None)
        if both is not None:
            values |= {"intercepts3": both & 0xFFFF_FFFF, "intercepts4": both >> 32}
        dump.values = {name: value & (1 << VMCB_FIELDS[name].bits) - 1 for name, value in values.items()}
        yield dump


def always() -> list[str]:
    """Names of what every kernel prints."""
    rare = {"virt_ext", "avic_vapic_bar", "ghcb_gpa", "avic_backing_page", "avic_logical_id", "avic_physical_id", "vmsa_pa",
            "pause_filter_thresh", "vmpl", "allowed_sev_features", "guest_sev_features", "intercepts5"}
    return [name for name in VMCB_FIELDS if name not in rare]


def missing(dump: Dump) -> list[str]:
    """Names of fields that a whole dump would have."""
    return [name for name in always() if name not in dump.values]
