"""C.2 from v5.8 on without EPT as a whole truth table: hook x what the processor can do x who is active x vmcs12's VPID x vpid02.

Called at the functions, as in test_old_flushes.py: processors that boot() refuses exist there too.
"""

from __future__ import annotations

from itertools import product

import pytest

from kvm_support import flushes
from kvmdbg.machine.boot import assemble
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.controls import CPU_SECONDARY_CONTROLS, SEC_ENABLE_VPID
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm import vmcs12, vmx_flush
from kvmdbg.machine.kvm.state import NO_ROLE, ROOT_MMU, Config, Kvm, Root
from kvmdbg.tape import Tape

KERNELS = ("v5.8", "v5.10", "v5.13", "v5.14", "v5.16", "v6.12")
TYPES = ((), (1,), (2,), (0, 1, 2, 3))
GVA = 0x40_0000
VPID01, VPID02 = 1, 2
SITUATIONS = [(False, False, VPID02), *product((True,), (True, False), (VPID02, 0))]       # L2 active, vmcs12's VPID, vpid02


def host(name: str, types: tuple[int, ...], guest_mode: bool, vpid12: bool, vpid02: int) -> Kvm:
    """One vCPU on its processor, in KVM's hands, with a root, without EPT."""
    tape = Tape(recording=False)
    kvm = assemble(tape, kernel(name), Config(enable_ept=False), Caps(invvpid_types=types))
    vcpu = kvm.vcpus[0]
    vcpu.cpu, vcpu.guest_mode, vcpu.vpid02, vcpu.current_vmptr = 0, guest_mode, vpid02, 0x5000
    vmcs12.put(kvm, vcpu, F.CPU_BASED_VM_EXEC_CONTROL, CPU_SECONDARY_CONTROLS)
    vmcs12.put(kvm, vcpu, F.SECONDARY_VM_EXEC_CONTROL, SEC_ENABLE_VPID if vpid12 else 0)
    kvm.mmu_named(vcpu, ROOT_MMU).root = Root(0, 0x1_2340_0000, NO_ROLE)
    tape.recording = True
    return kvm


def seen(kvm: Kvm) -> list[str]:
    return flushes(event for _, event in kvm.tape.events(0))


def context(vpid: int, types: tuple[int, ...]) -> list[str]:
    """C.1: single context, else all contexts, else nothing."""
    return [f"invvpid single-context {vpid}"] if 1 in types else ["invvpid all-context"] if 2 in types else []


@pytest.mark.parametrize(("guest_mode", "vpid12", "vpid02"), SITUATIONS)
@pytest.mark.parametrize("types", TYPES)
@pytest.mark.parametrize("name", KERNELS)
def test_current(name: str, types: tuple[int, ...], guest_mode: bool, vpid12: bool, vpid02: int) -> None:
    """Before 2657b82a78f1 vpid02 whenever L2 is active, even if it runs on vpid01 (I-10 C)."""
    kvm = host(name, types, guest_mode, vpid12, vpid02)
    on_vpid02 = guest_mode and (vpid12 or name != "v6.12")
    vmx_flush.vmx_flush_tlb_current(kvm, kvm.vcpus[0])
    assert seen(kvm) == context((vpid02 or VPID01) if on_vpid02 else VPID01, types)


@pytest.mark.parametrize(("guest_mode", "vpid12", "vpid02"), SITUATIONS)
@pytest.mark.parametrize("types", TYPES)
@pytest.mark.parametrize("name", KERNELS)
def test_guest_and_gva(name: str, types: tuple[int, ...], guest_mode: bool, vpid12: bool, vpid02: int) -> None:
    """Before 2b4a5a5d5688 vpid01, whoever is active (I-10); then as for the current context."""
    on_vpid02 = guest_mode and (name == "v5.16" or vpid12 and name == "v6.12")
    vpid = (vpid02 or VPID01) if on_vpid02 else VPID01
    kvm = host(name, types, guest_mode, vpid12, vpid02)
    vmx_flush.vmx_flush_tlb_guest(kvm, kvm.vcpus[0])
    assert seen(kvm) == context(vpid, types)
    kvm = host(name, types, guest_mode, vpid12, vpid02)
    vmx_flush.vmx_flush_tlb_gva(kvm, kvm.vcpus[0], GVA)
    one_address = 0 in types and [f"invvpid individual-address {vpid} @{GVA:#x}"]
    assert seen(kvm) == (one_address or context(vpid, types))


@pytest.mark.parametrize(("guest_mode", "vpid12", "vpid02"), SITUATIONS)
@pytest.mark.parametrize("types", TYPES[1:])
@pytest.mark.parametrize("name", KERNELS)
def test_all(name: str, types: tuple[int, ...], guest_mode: bool, vpid12: bool, vpid02: int) -> None:
    """All contexts in one instruction, else both VPIDs one by one; nothing for a vpid02 that is not there."""
    kvm = host(name, types, guest_mode, vpid12, vpid02)
    vmx_flush.vmx_flush_tlb_all(kvm, kvm.vcpus[0])
    both = [f"invvpid single-context {vpid}" for vpid in (VPID01, vpid02) if vpid]
    assert seen(kvm) == (["invvpid all-context"] if 2 in types else both)
