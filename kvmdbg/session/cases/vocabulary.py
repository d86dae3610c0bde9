"""Every word of the language of cases that the model cannot do, compare or set up yet, with the reason in a few words.

A word that is in a catalogue (operations, outcomes, keys) is done; a word in these tables is known and refused with its
reason; any other is no word of the language at all. None of the three is ever taken for a pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kvmdbg.errors import Unsupported

AMD: Final = "AMD is not modelled"
HYPER_V: Final = "Hyper-V is not modelled"
SEVERAL_CPUS: Final = "several CPUs are not modelled"
USER_SPACE: Final = "what user space does to a VM is not bound to the model yet"
REQUESTS: Final = "vCPU requests made by hand are not modelled"
VMX_CONTROLS: Final = "this VM-execution control is not modelled"

ACTORS: Final[Mapping[str, str]] = {
    "cpu": SEVERAL_CPUS, "vcpu": SEVERAL_CPUS, "VP": HYPER_V, "L0.user": USER_SPACE, "host": USER_SPACE,
    "guest": "a guest without nesting has no memory slots of its own yet",
}

OPERATIONS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("vmrun", "vmmcall", "vmload", "vmsave", "stgi", "clgi", "invlpga", "npt_set"), AMD),
    **dict.fromkeys(("make_request", "check_request", "test_request", "kick", "make_all_cpus_request"), REQUESTS),
    "hypercall": HYPER_V,
}

OUTCOMES: Final[Mapping[str, str]] = {
    "svm_exit": AMD, "hv_status": HYPER_V, "EPERM": USER_SPACE,
}
KVM_EXIT: Final = "KVM_EXIT_"            # any of these outcomes: what user space sees

KEYS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("exit_code", "info1", "info2", "v_gif", "v_irq", "event_inj_valid"), AMD),
    "status": HYPER_V,
    "never": "several possible values are not compared yet",
}
RULE: Final = "rule_"                    # any of these keys is a rule in words

# What a processor or L0 may offer (`caps`); a key that is neither here nor handled in given.py is unknown.
CAPS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("svm", "npt", "gmet", "vgif"), AMD),
    **dict.fromkeys(("hyperv_tlbflush", "nested_direct_flush", "evmcs", "enforce_cpuid"), HYPER_V),
    "lam": VMX_CONTROLS,
    "advanced_exit_info": "advanced EPT-violation information is not modelled",
}


def refuse_operation(word: str) -> Unsupported:
    """Why an operation that has no file cannot be done."""
    if word.startswith("vmcb"):
        return Unsupported(f"{word}: {AMD}")
    return _refusal(word, OPERATIONS, "no operation that the runner knows")


def refuse_outcome(word: str) -> Unsupported:
    """Why an outcome that has no file cannot be compared."""
    if word.startswith(KVM_EXIT):
        return Unsupported(f"{word}: {USER_SPACE}")
    return _refusal(word, OUTCOMES, "no outcome that the runner knows")


def refuse_key(word: str) -> Unsupported:
    """Why a key that has no file cannot be compared."""
    if word.startswith(RULE):
        return Unsupported(f"{word}: a rule in words cannot be compared")
    return _refusal(word, KEYS, "no key that the runner compares")


def _refusal(word: str, table: Mapping[str, str], otherwise: str) -> Unsupported:
    return Unsupported(f"{word}: {table.get(word, otherwise)}")
