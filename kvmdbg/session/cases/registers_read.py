"""What a step has read of CPUID and of model-specific registers, with what it is."""

from __future__ import annotations

from typing import NamedTuple


class LeafRead(NamedTuple):
    """The result of `cpuid LEAF`: one register of the leaf."""

    leaf: int            # EAX before the instruction
    register: str        # "ecx": the one that was looked at
    value: int


class MsrRead(NamedTuple):
    """The result of `rdmsr NAME`."""

    number: int
    value: int


class MsrsRead(NamedTuple):
    """The results of several: `read the VMX capability MSRs`."""

    values: tuple[tuple[int, int], ...]      # (number, value); those that the level does not have are left out

    def get(self, number: int) -> int | None:
        return dict(self.values).get(number)
