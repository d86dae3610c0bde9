"""Every check on the host-state area: a VMCS that fails it, and fails nothing before it."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.checking import HOST_AREA, subject
from kvmdbg.machine.hw.checks import first_problem
from kvmdbg.machine.hw.controls import (
    CR0_NW,
    CR0_PG,
    CR4_LA57,
    CR4_PAE,
    CR4_PCIDE,
    CR4_VMXE,
    EFER_LMA,
    EXIT_LOAD_IA32_PAT,
    EXIT_LOAD_IA32_PERF_GLOBAL_CTRL,
)
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.host_checks import BASES, HOST_CHECKS, SELECTORS
from vmx import CR0, GOOD, LONG_EFER, reader, says_everything, with_vmcs

EXIT = GOOD[F.VM_EXIT_CONTROLS]
HOST_32 = {F.VM_EXIT_CONTROLS: 0, F.VM_ENTRY_CONTROLS: 0, F.HOST_RIP: 0x1000}
NOT_CANONICAL = 0x8000_0000_0000

BAD: dict[str, dict[int, int]] = {
    "host CR0 has the fixed bits": {F.HOST_CR0: CR0 & ~CR0_PG},
    "host CR4 has the fixed bits": {F.HOST_CR4: CR4_PAE},
    "host CR3 fits the physical-address width": {F.HOST_CR3: 1 << 46},
    "host SYSENTER_ESP is canonical": {F.HOST_IA32_SYSENTER_ESP: NOT_CANONICAL},
    "host SYSENTER_EIP is canonical": {F.HOST_IA32_SYSENTER_EIP: NOT_CANONICAL},
    "host PERF_GLOBAL_CTRL has no reserved bit": {F.VM_EXIT_CONTROLS: EXIT | EXIT_LOAD_IA32_PERF_GLOBAL_CTRL,
                                                  F.HOST_IA32_PERF_GLOBAL_CTRL: 1 << 63},
    "host PAT holds memory types": {F.VM_EXIT_CONTROLS: EXIT | EXIT_LOAD_IA32_PAT, F.HOST_IA32_PAT: 0x0200},
    "host EFER fits the address-space size": {F.HOST_IA32_EFER: LONG_EFER & ~EFER_LMA},
    **{f"host {name} selector has RPL = TI = 0": {field: 0x13} for name, field in SELECTORS.items()},
    "host CS selector is not 0": {F.HOST_CS_SELECTOR: 0},
    "host TR selector is not 0": {F.HOST_TR_SELECTOR: 0},
    "host SS selector is not 0 for a 32-bit host": {**HOST_32, F.HOST_SS_SELECTOR: 0},
    **{f"host {name} base is canonical": {field: NOT_CANONICAL} for name, field in BASES.items()},
    "the host's address-space size is the present one": {F.VM_EXIT_CONTROLS: 0},
    "a 64-bit host has PAE": {F.HOST_CR4: CR4_VMXE},
    "a 64-bit host's RIP is canonical": {F.HOST_RIP: NOT_CANONICAL},
}
IN_LEGACY_MODE: dict[str, dict[int, int]] = {
    "a 32-bit host has no IA-32e guest": {F.VM_EXIT_CONTROLS: 0},
    "a 32-bit host has no PCIDE": {**HOST_32, F.HOST_CR4: CR4_VMXE | CR4_PCIDE},
    "a 32-bit host's RIP has 32 bits": {**HOST_32, F.HOST_RIP: 1 << 32},
}


@pytest.mark.parametrize("name", [*BAD, *IN_LEGACY_MODE])
def test_a_check_is_the_first_to_fail(name: str) -> None:
    hw, cpu = with_vmcs({**BAD, **IN_LEGACY_MODE}[name])
    if name in IN_LEGACY_MODE:
        cpu.efer = 0
    problem = first_problem(subject(hw, cpu, reader(hw, cpu)), HOST_AREA)
    assert problem is not None
    assert problem.check == name
    assert says_everything(problem, next(check for check in HOST_CHECKS if check.name == name), reader(hw, cpu))


def test_every_check_has_a_row() -> None:
    assert {*BAD, *IN_LEGACY_MODE} == {check.name for check in HOST_CHECKS}


def test_bits_of_cr0_that_no_vm_exit_loads_are_not_checked() -> None:
    hw, cpu = with_vmcs({F.HOST_CR0: CR0 | CR0_NW})
    assert first_problem(subject(hw, cpu, reader(hw, cpu)), HOST_AREA) is None


def test_the_text_names_field_value_demand_and_section() -> None:
    hw, cpu = with_vmcs({F.HOST_CR4: GOOD[F.HOST_CR4] | CR4_LA57})
    problem = first_problem(subject(hw, cpu, reader(hw, cpu)), HOST_AREA)
    assert problem is not None
    assert problem.text == "HOST_CR4 = 0x3020: must not set 0x1000, which this processor does not offer (SDM Vol. 3C 26.2.2)"


def test_a_32_bit_host_can_pass() -> None:
    hw, cpu = with_vmcs({**HOST_32, F.HOST_IA32_EFER: 0})
    cpu.efer = 0
    assert first_problem(subject(hw, cpu, reader(hw, cpu)), HOST_AREA) is None
