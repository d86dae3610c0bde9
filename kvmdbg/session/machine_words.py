"""The words that choose a machine: module parameters, the processor's capabilities, and what of them user space leaves to L1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.capability_bits import NUMBERS, with_msr
from kvmdbg.machine.hw.operands import number
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.hw.vmcs import VMCS_REVISION
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.nested_checks import less, limited, offered_to_l1
from kvmdbg.machine.kvm.state import Config
from kvmdbg.machine.kvm.vmcs12 import VMCS12_REVISION

L1: Final = "l1."                        # in front of a capability: user space limits L1 to it
LIMITS: Final = "l1_caps"                # the field of Config that holds these
DEFAULTS: Final = {name: value for name, value in {**Config._field_defaults, **Caps._field_defaults}.items() if name != LIMITS}
OF_L1: Final = (                         # capabilities that the VMX capability MSRs tell L1
    "ept", "vpid", "unrestricted_guest", "invept_types", "invvpid_types", "ept_ad", "ept_2m", "ept_1g", "ept_execute_only",
    "ept_wb", "invpcid", "preemption_timer", "vmfunc", "eptp_switching", "apic_accesses", "virtual_interrupts", "posted_interrupts",
    "x2apic_mode", "apic_registers", "pml", "shadow_vmcs", "vmwrite_any_field", "wait_for_sipi", "lacks", "required", "cr4_fixed0")
NAMES: Final = (*DEFAULTS, *NUMBERS, *(L1 + name for name in (*OF_L1, *NUMBERS)))
HINT: Final = f"Known: {', '.join(DEFAULTS)}, the MSRs {', '.join(NUMBERS)}; {L1}NAME for what L1 is left."


def setting(name: str, text: str) -> Any:
    """The value of a field of Config or Caps, as its default's type, or of an MSR.  raises: UserError."""
    default = DEFAULTS.get(name.removeprefix(L1), 0)
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


def chosen(words: Mapping[str, Any], config: Config, caps: Caps, era: Era) -> tuple[Config, Caps]:
    """Parameters and processor after `words`, one after the other.  raises: UserError for a word that cannot be."""
    for name, value in words.items():
        if name.startswith(L1):
            config = kept_from_l1(config, offered_to_l1(caps, config, era), name.removeprefix(L1), value)
        elif name in NUMBERS:
            caps = with_msr(caps, NUMBERS[name], value, VMCS_REVISION)
        elif name in Config._fields:
            field: dict[str, Any] = {name: value}
            config = config._replace(**field)
        else:
            field = {name: value}
            caps = caps._replace(**field)
    return config, caps


def kept_from_l1(config: Config, offered: Caps, name: str, value: Any) -> Config:
    """User space writes a VMX capability MSR of L1, or one capability in it.

    raises: UserError for what KVM does not offer (nested.c: vmx_restore_*_msr() return -EINVAL).
    """
    kept = {name: value}
    if name in NUMBERS:
        left = with_msr(limited(offered, config.l1_caps), NUMBERS[name], value, VMCS12_REVISION)
        kept = {field: getattr(left, field) for field in Caps._fields if getattr(left, field) != getattr(offered, field)}
    for field, most in ((field, getattr(offered, field)) for field in kept):
        given_as_words = name in ("lacks", "required")          # of what there is now, they forbid and demand no less
        if field not in OF_L1 or not given_as_words and less(offered, field, kept[field]) != kept[field]:
            raise UserError(f"{L1}{name}={spell(value)}: KVM offers L1 {field}={spell(most)} (nested.c: vmx_set_vmx_msr())",
                            "User space can take away from L1 what VMX MSRs tell it, not give.")
    return config._replace(l1_caps=tuple((dict(config.l1_caps) | kept).items()))


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
