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


def test_a_number_below_zero_is_one_of_the_fields_width() -> None:
    dump = next(vmcb_dumps(vmcb_log().replace("tlb_ctl:            0", "tlb_ctl:            -1")))
    assert dump.values["tlb_ctl"] == 0xFF
