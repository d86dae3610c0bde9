"""`fault`, `vector`, `error_code`, `error_code_has`: an exception delivered to the level that acts, or taken by L1 as exit 0."""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import EXIT_REASON_EXCEPTION_NMI, EXIT_REASON_EXTERNAL_INTERRUPT, INTR_INFO_VALID
from kvmdbg.machine.hw.delivery import VECTORS
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.session.cases.fact import Observed, key, kind_is, outcome, same_number
from kvmdbg.session.cases.facts.events import exception
from kvmdbg.session.cases.model import Value
from kvmdbg.session.cases.seen import EXIT, FAULT

ERROR_CODE_BITS: Final = {"present": 0, "write": 1, "user": 2, "reserved": 3, "fetch": 4}     # SDM Vol. 3A 4.7


@outcome("fault")
def fault(observed: Observed) -> str:
    """The operation ends in an exception of its own level."""
    return kind_is(observed, FAULT)


@key("vector")
def vector(observed: Observed, wanted: Value) -> str:
    """Of the fault, or of the event that made an exit; by name (`#GP`) or number."""
    number = VECTORS.get(wanted, -1) if isinstance(wanted, str) and wanted.startswith("#") else observed.binding.number(str(wanted))
    seen, name = _vector(observed)
    return "" if seen == number else name


@key("error_code")
def error_code(observed: Observed, wanted: Value) -> str:
    """All bits of it."""
    return _missing(observed) or same_number(observed, _error_code(observed), wanted)


@key("error_code_has")
def error_code_has(observed: Observed, wanted: Value) -> str:
    """These bits of it are set: `[present, write]`."""
    for name in wanted:
        if name not in ERROR_CODE_BITS:
            raise Unsupported(f"error_code_has: {name}: no such bit")
    mask = sum(1 << ERROR_CODE_BITS[name] for name in wanted)
    seen = _error_code(observed)
    return _missing(observed) or ("" if seen & mask == mask else f"{seen:#x}")


def _missing(observed: Observed) -> str:
    return "" if exception(observed) is not None else kind_is(observed, FAULT, EXIT)


def _is_exception_exit(observed: Observed) -> bool:
    return observed.seen.kind == EXIT and observed.seen.reason == EXIT_REASON_EXCEPTION_NMI


def _is_event_exit(observed: Observed) -> bool:
    """An exception, an NMI, or an interrupt that the exit has acknowledged."""
    if observed.seen.kind != EXIT or observed.seen.reason not in (EXIT_REASON_EXCEPTION_NMI, EXIT_REASON_EXTERNAL_INTERRUPT):
        return False
    return bool(vmcs12.get(observed.kvm, observed.vcpu, F.VM_EXIT_INTR_INFO) & INTR_INFO_VALID)


def _vector(observed: Observed) -> tuple[int, str]:
    """The vector's number, and what to say when it is not the wanted one."""
    told = exception(observed)
    if told is not None:
        return VECTORS[told.vector], f"{told.vector} is told"
    if _is_event_exit(observed):
        number = vmcs12.get(observed.kvm, observed.vcpu, F.VM_EXIT_INTR_INFO) & 0xFF
        return number, f"exit for vector {number}"
    if observed.seen.kind == FAULT:
        return VECTORS[observed.seen.vector], observed.seen.vector
    return -1, kind_is(observed, FAULT)


def _error_code(observed: Observed) -> int:
    told = exception(observed)
    if told is not None:
        return told.error_code
    if _is_exception_exit(observed):
        return vmcs12.get(observed.kvm, observed.vcpu, F.VM_EXIT_INTR_ERROR_CODE)
    return observed.seen.error_code
