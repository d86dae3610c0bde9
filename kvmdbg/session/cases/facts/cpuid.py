"""`osxsave`, `xsave`, `vmx` and the like: bits of the CPUID leaf that the step has read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import cpuid_leaves
from kvmdbg.session.cases.fact import Observed, key
from kvmdbg.session.cases.model import Value
from kvmdbg.session.cases.registers_read import LeafRead

BITS: Final = {
    "osxsave": (1, cpuid_leaves.OSXSAVE), "xsave": (1, cpuid_leaves.XSAVE), "vmx": (1, cpuid_leaves.VMX),
    "pcid": (1, cpuid_leaves.PCID), "invpcid": (7, cpuid_leaves.INVPCID), "fsgsbase": (7, cpuid_leaves.FSGSBASE),
    "smep": (7, cpuid_leaves.SMEP), "smap": (7, cpuid_leaves.SMAP),
}


def _bit(name: str) -> Callable[[Observed, Value], str]:
    def compare(observed: Observed, wanted: Value) -> str:
        leaf, bit = BITS[name]
        read = observed.last.value
        if read is None and observed.last.word == "cpuid":
            return f"no value: {observed.seen}"
        if not isinstance(read, LeafRead) or read.leaf != leaf:
            raise Unsupported(f"{name}: the step does not read CPUID leaf {leaf:#x}")
        seen = bool(read.value & bit)
        return "" if seen == bool(wanted) else str(int(seen))
    return compare


for _name in BITS:
    key(_name)(_bit(_name))
