"""`VTPR = 64`, `one byte of HOST_PAT = 6`, `control enabled`, `inject #GP with error code; additionally info bit 12`."""

from __future__ import annotations

import re
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import (
    CPU_CR8_LOAD_EXITING,
    CPU_CR8_STORE_EXITING,
    INTR_INFO_ERROR_CODE,
    INTR_INFO_VALID,
    INTR_TYPE_HARD_EXCEPTION,
    VMFUNC_EPTP_SWITCHING,
)
from kvmdbg.machine.hw.delivery import VECTORS
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.session.cases import field_names
from kvmdbg.session.cases.control_names import CONTROLS
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.operations.control import switch
from kvmdbg.session.cases.operations.vmwrite import ANY, write
from kvmdbg.session.cases.steps import Actor, Operation

VTPR: Final = 0x80                       # byte of the virtual-APIC page
CONTROL_OF: Final = {
    F.IO_BITMAP_A: "use_io_bitmaps", F.IO_BITMAP_B: "use_io_bitmaps", F.MSR_BITMAP: "use_msr_bitmaps",
    F.VIRTUAL_APIC_PAGE_ADDR: "use_tpr_shadow", F.APIC_ACCESS_ADDR: "virtualize_apic_accesses", F.PML_ADDRESS: "enable_pml",
    F.POSTED_INTR_DESC_ADDR: "process_posted_interrupts", F.VMREAD_BITMAP: "shadow_vmcs", F.VMWRITE_BITMAP: "shadow_vmcs",
    F.EPTP_LIST_ADDRESS: "enable_vmfunc",
}
NEED_EPT: Final = (F.PML_ADDRESS, F.EPTP_LIST_ADDRESS)
BYTE: Final = re.compile(r"byte of (\w+) = (\w+)")
INJECTED: Final = re.compile(r"(#[A-Z]{2}) with error code")
PART: Final = re.compile(r"(info|error-code) bit (\d+)")
PARTS: Final = {"info": F.VM_ENTRY_INTR_INFO_FIELD, "error-code": F.VM_ENTRY_EXCEPTION_ERROR_CODE}


@operation("VTPR", actors=("L1",))
def vtpr(h: Harness, op: Operation, actor: Actor) -> None:
    """L1 writes the task-priority register of the virtual-APIC page."""
    if op.plain[:1] != ("=",):
        raise Unsupported(f"{op.text}: a value")
    page = vmcs12.get(h.kvm, h.vcpu, F.VIRTUAL_APIC_PAGE_ADDR)
    h.player.poke(page + VTPR, h.binding.number(" ".join(op.plain[1:])))


@operation("one", actors=("L1",))
def one_byte(h: Harness, op: Operation, actor: Actor) -> None:
    """The lowest byte of a field; `any` is all ones."""
    match = BYTE.fullmatch(op.rest)
    if match is None:
        raise Unsupported(f"{op.text}: only one byte of a field")
    value = 0xFF if match[2] in ANY else h.binding.number(match[2])
    write(h, field_names.encoding(match[1]), lambda old: old & ~0xFF | value)


@operation("control", actors=("L1",))
def control_of_the_address(h: Harness, op: Operation, actor: Actor) -> None:
    """The control that makes the processor use the address that the case is about.

    CR8 exits go with the TPR shadow, as the source of such cases has them: where the virtual-APIC page is no memory, KVM drops
    the shadow, which it may only while L1 sees every access to CR8 anyway (nested.c: nested_get_vmcs12_pages()).  EPT goes with
    what needs it.
    """
    encoding = field_names.encoding(h.field) if h.field else 0
    if encoding not in CONTROL_OF or op.rest not in ("enabled", "disabled"):
        raise Unsupported(f"{op.text}: no control of {h.field or 'a field that the case names'}")
    on = op.rest == "enabled"
    switch(h, CONTROLS[CONTROL_OF[encoding]], on)
    if encoding in NEED_EPT:
        switch(h, CONTROLS["enable_ept"], on)
    if encoding == F.EPTP_LIST_ADDRESS:
        write(h, F.VM_FUNCTION_CONTROL, lambda old: old | VMFUNC_EPTP_SWITCHING if on else old & ~VMFUNC_EPTP_SWITCHING)
    if encoding == F.VIRTUAL_APIC_PAGE_ADDR:
        write(h, F.CPU_BASED_VM_EXEC_CONTROL, lambda old: old | CPU_CR8_LOAD_EXITING | CPU_CR8_STORE_EXITING)


@operation("inject", actors=("L1",))
def inject(h: Harness, op: Operation, actor: Actor) -> None:
    """L1 asks for an exception with an error code at the next entry."""
    match = INJECTED.fullmatch(op.rest)
    if match is None or match[1] not in VECTORS:
        raise Unsupported(f"{op.text}: only an exception with its error code")
    info = INTR_INFO_VALID | INTR_INFO_ERROR_CODE | INTR_TYPE_HARD_EXCEPTION << 8 | VECTORS[match[1]]
    write(h, F.VM_ENTRY_INTR_INFO_FIELD, lambda old: info)


@operation("additionally", actors=("L1",))
def additionally(h: Harness, op: Operation, actor: Actor) -> None:
    """A further bit of what is injected."""
    match = PART.fullmatch(op.rest)
    if match is None:
        raise Unsupported(f"{op.text}: only a bit of the event or of its error code")
    write(h, PARTS[match[1]], lambda old: old | 1 << int(match[2]))
