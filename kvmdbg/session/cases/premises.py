"""Premises about what the machine and its user space offer: CPUID, capabilities, nested state, requests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.session.cases.model import Value
from kvmdbg.session.cases.phrases import Handler, nothing
from kvmdbg.session.cases.setup import Plan
from kvmdbg.session.cases.vocabulary import SEVERAL_CPUS

DEFAULT_STATE: Final = "format 0, size header+4096, vmxon_pa 0x1000, vmcs12_pa 0x2000, flags 0 "


def no_hw_errcode_cc(plan: Plan, on: Value) -> None:
    """VMX_BASIC bit 56 of the processor and, which no KVM up to v6.12 does, of L1."""
    if on is True:
        plan.caps = plan.caps._replace(no_error_code_check=True)
        plan.more_for_l1.append("offers_no_error_code_check_to_l1")


def mode_based_execute(plan: Plan, offered: Value) -> None:
    """The control of the processor and, which no KVM up to v6.12 does, of L1."""
    if offered is True:
        plan.caps = plan.caps._replace(mode_based_execute=True)
        plan.more_for_l1.append("offers_mode_based_execute_to_l1")


def default_state(plan: Plan, value: Value) -> None:
    """The state of nesting that steps change before user space restores it; the vCPU itself has never been in VMX operation."""
    if not str(value).startswith(DEFAULT_STATE):
        raise Unsupported(f"given default_state: {value}")
    plan.vmx = False


def no_vmx_in_cpuid(plan: Plan, groups: Value) -> None:
    """The guest is offered no VMX, in the first rows or in all of them: to KVM that is as nested=0."""
    word = groups[0] if groups else None
    if word is not None and word not in COUNTS:
        raise Unsupported(f"VMX off in the first {word} rows: cannot be set up")
    if word is None or plan.row <= COUNTS.index(word):
        plan.config = plan.config._replace(nested=False)
        plan.vmx = False


def needs(plan: Plan, what: Value) -> None:
    """A memory type of EPT that L1 is offered, or is not: KVM knows only write-back, which user space can take away."""
    if what not in ("-", "ept_uc", "no ept_uc", "ept_wb", "no ept_wb"):
        raise Unsupported(f"needs {what}: no capability that a row can need")
    if what == "ept_uc":
        plan.more_for_l1.append("offers_ept_uc_to_l1")
    elif what == "no ept_wb":
        plan.limit_l1("ept_wb", False)


def one_cpu(plan: Plan, number: Value) -> None:
    if number != 1:
        raise Unsupported(SEVERAL_CPUS)


def request_bits(plan: Plan, wanted: Value) -> None:
    """`{TLB_FLUSH_CURRENT: arch 26}`: the kernel must number its requests so."""
    bits = kernel(plan.kernel).request_bits()
    for name, text in wanted.items():
        match = re.fullmatch(r"(arch )?(\d+)", str(text))
        if match is None or bits.get(name) != int(match[2]) + (ARCH_REQUESTS if match[1] else 0):
            raise Unsupported(f"request_bits {name}: {text}: {plan.kernel} numbers it {bits.get(name, 'not at all')}")


ARCH_REQUESTS: Final = 8                  # KVM_REQUEST_ARCH_BASE
COUNTS: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
CPUID: Final[Mapping[str, Handler]] = {
    "VMX": nothing, r"(?:no VMX|VMX off)(?: in the first (\w+) rows?)?": no_vmx_in_cpuid,
}
