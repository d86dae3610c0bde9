"""The words that choose a machine: module parameters, the processor's capabilities, and what of them user space leaves to L1."""

from __future__ import annotations

from typing import Any, Final

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.operands import number
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm.state import Config

L1: Final = "l1."                        # in front of a capability: user space limits L1 to it
LIMITS: Final = "l1_caps"                # the field of Config that holds these
DEFAULTS: Final = {name: value for name, value in {**Config._field_defaults, **Caps._field_defaults}.items() if name != LIMITS}
OF_L1: Final = (                         # capabilities that the VMX capability MSRs tell L1
    "ept", "vpid", "unrestricted_guest", "invept_types", "invvpid_types", "ept_ad", "ept_2m", "ept_1g", "ept_execute_only",
    "ept_wb", "invpcid", "preemption_timer", "vmfunc", "eptp_switching", "apic_accesses", "virtual_interrupts", "posted_interrupts",
    "x2apic_mode", "apic_registers", "pml", "shadow_vmcs", "vmwrite_any_field")


def setting(name: str, text: str) -> Any:
    """The value of a field of Config or Caps, as its default's type.  raises: UserError."""
    default = DEFAULTS[name.removeprefix(L1)]
    values = [number(part) for part in text.split(",") if part]
    if isinstance(default, tuple) and None not in values:
        return tuple(values)
    if len(values) == 1 and values[0] is not None and not isinstance(default, tuple):
        if not isinstance(default, bool):
            return values[0]
        if values[0] in (0, 1):
            return bool(values[0])
    several = isinstance(default, tuple)
    expected = "0 or 1" if isinstance(default, bool) else "numbers with commas between" if several else "a number"
    raise UserError(f"{name}={text}: must be {expected}")


def chosen(words: dict[str, Any], config: Config, caps: Caps) -> tuple[Config, Caps]:
    """A machine like this one but for what `words` (name -> value) say."""
    kept = {name.removeprefix(L1): value for name, value in words.items() if name.startswith(L1)}
    config = config._replace(**{name: value for name, value in words.items() if name in Config._fields})
    return (config._replace(l1_caps=tuple((dict(config.l1_caps) | kept).items())),
            caps._replace(**{name: value for name, value in words.items() if name in Caps._fields}))


def changed(config: Config, caps: Caps) -> list[str]:
    """`name=value` of what differs from the machine that one gets anyway."""
    values = config._asdict() | caps._asdict()
    return [f"{name}={spell(values[name])}" for name, default in DEFAULTS.items() if values[name] != default] + limits(config)


def limits(config: Config) -> list[str]:
    """`l1.name=value` of what user space keeps from L1."""
    return [f"{L1}{name}={spell(value)}" for name, value in config.l1_caps]


def spell(value: Any) -> str:
    """A value as `setting` takes it."""
    if isinstance(value, tuple):
        return ",".join(map(spell, value))
    return str(int(value)) if isinstance(value, bool) or value < 0x1_0000 else f"{value:#x}"
