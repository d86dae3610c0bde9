"""Virtual-machine control structures: whose data is where, and which one is current (SDM Vol. 3C 24.1-24.3, 24.11).

A region is named by its physical address. Its data is `hw.vmcs[(region, encoding)]`, kept apart from `hw.memory`: the
format in memory is the processor's own affair. Only the revision identifier and the shadow-VMCS indicator lie in memory,
written by software. A VMCS that is active on two processors at once is software's mistake; here both would simply see the
same data.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kvmdbg.errors import ModelBug
from kvmdbg.machine.hw.fields import FIELDS, Field
from kvmdbg.machine.hw.state import NO_VMCS, Cpu, Hardware

VMCS_REVISION: Final = 0x11E5_7ED0        # bits 30:0 of a region's first 32 bits (IA32_VMX_BASIC)
SHADOW_INDICATOR: Final = 1 << 31         # bit 31 of them: a shadow VMCS, which VM entry refuses (24.2, 24.10)
CLEAR: Final = "clear"
LAUNCHED: Final = "launched"


def clear(hw: Hardware, cpu: Cpu, region: int) -> None:
    """VMCLEAR's effect: launch state clear; not current any more. The operand's checks are the instruction's."""
    hw.launch_state[region] = CLEAR
    if cpu.current_vmcs == region:
        cpu.current_vmcs = NO_VMCS


def load(hw: Hardware, cpu: Cpu, region: int) -> None:
    """VMPTRLD's effect: `region` becomes current. The operand's checks are the instruction's."""
    cpu.current_vmcs = region


def field_of(encoding: int) -> Field | None:
    """The field that `encoding` reaches, whole or (bit 0 set, 64-bit fields only) by its high half."""
    field = FIELDS.get(encoding & ~1)
    return field if field is not None and (not encoding & 1 or field.width == 64) else None


def peek(hw: Hardware, region: int, encoding: int) -> int:
    """The value of a field of any region, unsigned.  raises: ModelBug for an encoding that no field has."""
    field = _known(encoding)
    value: int = hw.vmcs.get((region, field.encoding), 0)
    return value >> 32 if encoding & 1 else value


def read(hw: Hardware, cpu: Cpu, encoding: int) -> int:
    """The value of a field of the current VMCS.  raises: ModelBug without a current VMCS, or for an unknown encoding."""
    return peek(hw, _current(cpu), encoding)


def reader(hw: Hardware, cpu: Cpu) -> Callable[[int], int]:
    """`read` of the VMCS that is current now, quick: for encodings of FIELDS only, which it does not check."""
    region, get = _current(cpu), hw.vmcs.get
    return lambda encoding: get((region, encoding), 0)


def write(hw: Hardware, cpu: Cpu, encoding: int, value: int) -> None:
    """Put `value`, cut to the field's width, into the current VMCS.  raises: ModelBug as `read`.

    Exit-information fields are accepted: the processor writes them with this.
    """
    put(hw, _current(cpu), encoding, value)


def put(hw: Hardware, region: int, encoding: int, value: int) -> None:
    """`write` into any region.  raises: ModelBug for an encoding that no field has."""
    field = _known(encoding)
    key = (region, field.encoding)
    old: int = hw.vmcs.get(key, 0)
    new = old & 0xFFFF_FFFF | (value & 0xFFFF_FFFF) << 32 if encoding & 1 else value & field.mask
    if new:
        hw.vmcs[key] = new
    elif key in hw.vmcs:
        del hw.vmcs[key]          # a field written with 0 and one never written must freeze equal


def _known(encoding: int) -> Field:
    field = field_of(encoding)
    if field is None:
        raise ModelBug(f"no VMCS field has the encoding {encoding:#x}")
    return field


def _current(cpu: Cpu) -> int:
    if cpu.current_vmcs == NO_VMCS:
        raise ModelBug(f"processor {cpu.id} has no current VMCS")
    return cpu.current_vmcs
