"""dump_vmcb() of several kernels."""

from __future__ import annotations

import pytest

from dump_support import STYLES, VMCB, vmcb_log
from kvmdbg.machine.hw.vmcb import VMCB_FIELDS
from kvmdbg.session.dumps.dump import oddities
from kvmdbg.session.dumps.vmcb import VmcbFormat, missing, vmcb_dumps


@pytest.mark.parametrize("style", STYLES)
def test_every_field_that_is_printed_is_read(style: str) -> None:
    dump = next(vmcb_dumps(vmcb_log(style)))
    assert len(dump.values) > 80 and {name: value for name, value in dump.values.items() if value} == \
        {name: value for name, value in VMCB.items() if value and name in dump.values}
    assert missing(dump) == [] and oddities(dump) == [] and ("pause_filter_thresh" in dump.values) == (style == "v6.12")


def test_names_of_forms_are_names_of_fields() -> None:
    names = {name.replace("__", ".") for forms in VmcbFormat.sections.values() for one in forms for name in one.names}
    assert names - set(VMCB_FIELDS) == {"INTERCEPTS_64"} and set(VMCB_FIELDS) - names == {"intercepts5"}


@pytest.mark.parametrize("header", ["VMCB 00000000f3a1c2d4, last attempted VMRUN on CPU 5",
                                    "SEV-ES vCPU3 VMCB 0x12, last attempted VMRUN on CPU 0"])
def test_headers(header: str) -> None:
    assert VmcbFormat().header(header)


def test_what_kernels_print_of_guests_with_sev() -> None:
    log = vmcb_log().replace("cpl:            0 ", "vmpl: 2   cpl:  3 ") + "kvm_amd: sev_features    0000000000000081\n" \
        "kvm_amd: rax:            0000000000000000 rbx:          0000000000000000\n"
    lines = log.splitlines()
    lines.remove(next(line for line in lines if "something else again" in line))
    dump = next(vmcb_dumps("\n".join(lines)))
    assert (dump.values["vmpl"], dump.values["cpl"], dump.values["rax"]) == (2, 3, 0) and oddities(dump) == []


def test_a_value_on_the_next_line() -> None:
    log = vmcb_log().replace("efer:         ", "efer:=20=20=20=\n=20\n")
    assert next(vmcb_dumps(log)).values == next(vmcb_dumps(vmcb_log())).values


def test_a_number_below_zero_is_one_of_the_fields_width() -> None:
    dump = next(vmcb_dumps(vmcb_log().replace("tlb_ctl:            0", "tlb_ctl:            -1")))
    assert dump.values["tlb_ctl"] == 0xFF
