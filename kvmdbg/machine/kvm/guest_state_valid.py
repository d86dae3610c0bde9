"""Guest state that no processor enters, and what KVM does about it (vmx.c: vmx_guest_state_valid(), vmx_emulation_required()).

A processor runs a guest that is not unrestricted only with segments as VM entry wants them.  A guest of KVM may have others for a
while, and KVM emulates its code then.  An L2 comes to that only when user space or SMRAM put the state there, and is shut down.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.checking import Problem, subject
from kvmdbg.machine.hw.controls import SEC_UNRESTRICTED_GUEST
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.guest_checks import GUEST_CHECKS
from kvmdbg.machine.kvm.events import Decided
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vmx_ops import field, read

SEGMENTS: Final = ("ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR")
LOOKED_AT: Final = frozenset(field(f"GUEST_{name}_{part}") for name in SEGMENTS for part in ("SELECTOR", "AR_BYTES"))
SEGMENT_CHECKS: Final = tuple(check for check in GUEST_CHECKS if check.field in LOOKED_AT)


def is_unrestricted_guest(kvm: Kvm, vcpu: Vcpu) -> bool:
    """May the guest that runs have segments of any kind? L2 as its L1 says (vmx.h)."""
    return bool(read(kvm, vcpu, F.SECONDARY_VM_EXEC_CONTROL) & SEC_UNRESTRICTED_GUEST)


def invalid_segment(kvm: Kvm, vcpu: Vcpu) -> Problem | None:
    """The first selector or access rights that VM entry would refuse (vmx.c: __vmx_guest_state_valid())."""
    cpu = kvm.cpu(vcpu)
    examined = subject(kvm.hw, cpu, vmcs.reader(kvm.hw, cpu))
    return next((problem for check in SEGMENT_CHECKS if (problem := check.test(examined)) is not None), None)


def l2_must_be_emulated(kvm: Kvm, vcpu: Vcpu) -> bool:
    """vmx->emulation_required with L2 active: it is not entered.  raises: Unsupported on a kernel that emulates it."""
    if not vcpu.guest_mode or is_unrestricted_guest(kvm, vcpu):
        return False
    problem = invalid_segment(kvm, vcpu)
    if problem is None:
        return False
    if not kvm.era.shuts_down_an_l2_in_invalid_state():
        raise Unsupported(f"L2's state is invalid ({problem.text}): {kvm.era.name} would emulate its code, which is not modelled",
                          "cd0e615c49e5 (v5.16) made it a triple fault.")
    kvm.emit(Decided, vcpu.id, "vmx_emulation_required", "can the processor run L2?", "no", problem.text,
             "vmx.c: vmx_guest_state_valid(), vmx_handle_exit(); cd0e615c49e5")
    return True
