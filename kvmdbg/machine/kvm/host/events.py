"""host events: user space reads or changes what waits for a vCPU (KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS)."""

from __future__ import annotations

from typing import Any, Final

from kvmdbg.errors import Unsupported, UserError
from kvmdbg.machine.hw.delivery import HAS_ERROR_CODE, VECTORS
from kvmdbg.machine.hw.operands import OperandType, number, optional
from kvmdbg.machine.kvm.host_event import host_event
from kvmdbg.machine.kvm.kvm_vcpu_events import (
    KvmVcpuEvents,
    kvm_vcpu_ioctl_x86_get_vcpu_events,
    kvm_vcpu_ioctl_x86_set_vcpu_events,
)
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.user_space import leave_kvm_run, returned
from kvmdbg.machine.kvm.vcpu_events import PendingException
from kvmdbg.machine.kvm.vmx import SOFT_EXCEPTIONS

Assignment = tuple[str, Any]
EXCEPTIONS: Final = ("pending", "injected")
NUMBERS: Final = ("error", "payload", "interrupt", "shadow", "nmi_pending")
SWITCHES: Final = ("nmi_injected", "nmi_masked", "smm", "smi_pending", "triple_fault")
NONE: Final = "none"


def assignment(text: str) -> Assignment | None:
    """`pending=#SS`, `error=0x10`, `triple_fault=1`; the # may be left out, and `none` takes an exception away."""
    name, _, value = text.partition("=")
    if name in EXCEPTIONS:
        vector = NONE if value.lower() == NONE else "#" + value.removeprefix("#").upper()
        return (name, vector) if vector == NONE or vector in VECTORS else None
    parsed = number(value) if name in (*NUMBERS, *SWITCHES) else None
    if parsed is None or (name in SWITCHES and parsed not in (0, 1)):
        return None
    return name, parsed if name in NUMBERS else bool(parsed)


FIELD: Final = optional(OperandType(
    "field=value",
    f"{' or '.join(EXCEPTIONS)}, = and an exception such as #SS or none; or one of "
    f"{', '.join((*NUMBERS, *SWITCHES))}, = and a number",
    assignment, tuple(f"{name}=" for name in (*EXCEPTIONS, *NUMBERS, *SWITCHES))))


@host_event("events", operands=(FIELD,) * 6, source="x86.c: kvm_vcpu_ioctl_x86_set_vcpu_events()")
def happen(kvm: Kvm, vcpu: Vcpu, *given: Assignment | None) -> None:
    """What waits to be injected, read by user space; with fields given, written back with these changed.

    The vCPU comes out of KVM_RUN for it.  `error` and `payload` go with the exception that is named.
    """
    fields: dict[str, Any] = dict(one for one in given if one is not None)
    refuse(kvm, vcpu, fields)
    leave_kvm_run(kvm, vcpu)
    events = kvm_vcpu_ioctl_x86_get_vcpu_events(kvm, vcpu)
    returned(kvm, vcpu, "KVM_GET_VCPU_EVENTS", said(events))
    if fields:
        returned(kvm, vcpu, "KVM_SET_VCPU_EVENTS", kvm_vcpu_ioctl_x86_set_vcpu_events(kvm, vcpu, changed(events, fields)))


def refuse(kvm: Kvm, vcpu: Vcpu, fields: dict[str, Any]) -> None:
    """raises: UserError, Unsupported for what the ioctl does not take, or KVM cannot deliver."""
    named = [fields[name] for name in EXCEPTIONS if fields.get(name, NONE) != NONE]
    if len(named) > 1:
        raise UserError("host events: one exception is pending or injected, not both", "Name one of them.")
    if not named and ("error" in fields or "payload" in fields):
        raise UserError("host events: error and payload go with an exception", "Add pending=#GP, say.")
    if named and named[0] in SOFT_EXCEPTIONS:
        raise Unsupported(f"host events: {named[0]} is software's, and needs the length of an instruction",
                          "KVM_GET_VCPU_EVENTS does not tell of it either.")
    if fields.get("shadow", 0) > 3 or fields.get("interrupt", 0) > 0xFF or fields.get("error", 0) > 0xFFFF_FFFF:
        raise UserError("host events: shadow has 2 bits, an interrupt 8, an error code 32")
    if "pending" in fields and not kvm.era.has_exception_payload():
        raise UserError(f"{kvm.era.name} knows no pending exception of user space, only injected ones", "It came with v4.20.")
    if fields.get("triple_fault") and not kvm.era.has_triple_fault_event():
        raise UserError(f"{kvm.era.name} has no KVM_CAP_X86_TRIPLE_FAULT_EVENT", "It came with v6.0.")
    if fields.get("smm", vcpu.smm) != vcpu.smm and not kvm.era.has_smm():
        raise UserError(f"{kvm.era.name} gives its guests no system-management mode", "It came with v4.2.")


def changed(events: KvmVcpuEvents, fields: dict[str, Any]) -> KvmVcpuEvents:
    """The events with the fields that were named."""
    plain: dict[str, Any] = {name: value for name, value in fields.items() if name not in (*EXCEPTIONS, "error", "payload")}
    for name in EXCEPTIONS:
        if name in fields:
            plain |= dict.fromkeys(EXCEPTIONS)
            if fields[name] != NONE:
                has_error_code = "error" in fields or fields[name] in HAS_ERROR_CODE
                plain[name] = PendingException(fields[name], fields.get("error", 0), fields.get("payload", 0), has_error_code)
    return events._replace(**plain)


def said(events: KvmVcpuEvents) -> str:
    """What user space reads, without what is not there: `pending #SS(0xdeadbeef), NMI masked`."""
    def exception(kind: str, one: PendingException | None) -> list[str]:
        return [f"{kind} {one.vector}" + (f"({one.error_code:#x})" if one.has_error_code else "")] if one is not None else []

    words = [*exception("pending", events.pending), *exception("injected", events.injected),
             *([f"injected interrupt {events.interrupt:#x}"] if events.interrupt >= 0 else ()),
             *([f"shadow {events.shadow}"] if events.shadow else ()), *["injected NMI"] * events.nmi_injected,
             *([f"{events.nmi_pending} NMIs pending"] if events.nmi_pending else ()), *["NMI masked"] * events.nmi_masked,
             *["SMM"] * events.smm, *["SMI pending"] * events.smi_pending, *["triple fault pending"] * events.triple_fault]
    return ", ".join(words) or "nothing waits"
