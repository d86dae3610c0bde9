"""What CPUID says."""

from __future__ import annotations

import pytest

from kvmdbg.machine.hw.controls import CR4_OSXSAVE
from kvmdbg.machine.hw.cpuid_leaves import ADDRESSES, BASIC, FEATURES, INVPCID, LA57, OSXSAVE, PCID, STRUCTURED, VMX, XSAVE, leaves
from kvmdbg.machine.hw.state import Caps


@pytest.mark.parametrize(("caps", "leaf", "register", "bit"), [
    (Caps(pcid=False), FEATURES, "ecx", PCID), (Caps(invpcid=False), STRUCTURED, "ebx", INVPCID)])
def test_what_the_processor_lacks_is_not_announced(caps: Caps, leaf: int, register: str, bit: int) -> None:
    assert getattr(leaves(Caps(), 0)[leaf], register) ^ getattr(leaves(caps, 0)[leaf], register) == bit


def test_a_bit_follows_cr4() -> None:
    assert leaves(Caps(), CR4_OSXSAVE)[FEATURES].ecx ^ leaves(Caps(), 0)[FEATURES].ecx == OSXSAVE
    assert leaves(Caps(), 0)[FEATURES].ecx & XSAVE and not leaves(Caps(), 0, vmx=False)[FEATURES].ecx & VMX


def test_widths_and_name() -> None:
    assert leaves(Caps(maxphyaddr=40, la57=True), 0)[ADDRESSES].eax == 40 | 57 << 8
    assert leaves(Caps(la57=True), 0)[STRUCTURED].ecx & LA57
    name = b"".join(getattr(leaves(Caps(), 0)[BASIC], register).to_bytes(4, "little") for register in ("ebx", "edx", "ecx"))
    assert name == b"GenuineIntel"
