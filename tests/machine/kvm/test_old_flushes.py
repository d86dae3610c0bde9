"""C.1 and C.2 of the kernels before v4.18 as whole truth tables: enable_ept x enable_vpid x what the processor can do x root.

Called at the functions: module parameters and processors that boot() refuses exist there too.
"""

from __future__ import annotations

from itertools import product

import pytest

from kvm_support import flushes
from kvmdbg.machine.boot import assemble
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm.state import INVALID_PAGE, NO_ROLE, ROOT_MMU, Config, Kvm, Root
from kvmdbg.machine.kvm.vmx_flush import __vmx_flush_tlb as flush_of_vpid
from kvmdbg.machine.kvm.vmx_flush import construct_eptp, ept_sync_context, vmx_flush_tlb, vpid_sync_context
from kvmdbg.tape import Tape

BOTH = ("v3.1", "v3.2", "v4.3", "v4.4")       # INVVPID and INVEPT; one of them in v4.15
ROOT = 0x1_2340_0000
OTHER_VPID = 9
INVVPID_SETS = ((), (0,), (1,), (2,), (1, 2), (0, 1, 2, 3))


def host(name: str, ept: bool, vpid: bool, invvpid: tuple[int, ...], invept: tuple[int, ...] = (1, 2), root: int = ROOT) -> Kvm:
    """One vCPU on its processor, in KVM's hands, with a root."""
    tape = Tape(recording=False)
    kvm = assemble(tape, kernel(name), Config(enable_ept=ept, enable_vpid=vpid), Caps(invvpid_types=invvpid, invept_types=invept))
    vcpu = kvm.vcpus[0]
    vcpu.cpu = 0
    kvm.mmu_named(vcpu, ROOT_MMU).root = Root(0, root, NO_ROLE)
    tape.recording = True
    return kvm


def seen(kvm: Kvm) -> list[str]:
    return flushes(event for _, event in kvm.tape.events(0))


def invvpid(vpid: int, types: tuple[int, ...]) -> list[str]:
    """C.1: vpid_sync_context(): single context, nothing for VPID 0; else all contexts, even for VPID 0; else silently nothing."""
    if 1 in types:
        return [f"invvpid single-context {vpid}"] if vpid else []
    return ["invvpid all-context"] if 2 in types else []


def invept(types: tuple[int, ...]) -> list[str]:
    return [f"invept single-context {ROOT >> 12:#x}"] if 1 in types else ["invept all-context"] if 2 in types else []


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize(("ept", "vpid", "types"), list(product((True, False), (True, False), INVVPID_SETS)))
def test_the_one_hook_flushes_vpid01_and_the_eptp_of_the_root(name: str, ept: bool, vpid: bool, types: tuple[int, ...]) -> None:
    """E11, E15-, E15."""
    kvm = host(name, ept, vpid, types)
    vmx_flush_tlb(kvm, kvm.vcpus[0])
    assert seen(kvm) == [*invvpid(1 if vpid else 0, types), *(invept((1, 2)) if ept else ())]


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("types", INVVPID_SETS)
def test_without_a_root_only_the_vpid_is_flushed(name: str, types: tuple[int, ...]) -> None:
    kvm = host(name, True, True, types, root=INVALID_PAGE)
    vmx_flush_tlb(kvm, kvm.vcpus[0])
    assert seen(kvm) == invvpid(1, types)


@pytest.mark.parametrize("types", [(1, 2), (2,), ()])
@pytest.mark.parametrize("name", BOTH)
def test_a_processor_without_single_context_invept_flushes_all(name: str, types: tuple[int, ...]) -> None:
    """And one without any flushes nothing, in silence."""
    kvm = host(name, True, True, (1, 2), types)
    ept_sync_context(kvm, kvm.vcpus[0], construct_eptp(kvm, kvm.vcpus[0], Root(0, ROOT, NO_ROLE)))
    assert seen(kvm) == invept(types)


@pytest.mark.parametrize("name", ("v4.4",))
@pytest.mark.parametrize(("ept", "types"), list(product((True, False), INVVPID_SETS)))
def test_the_hook_for_an_explicit_vpid(name: str, ept: bool, types: tuple[int, ...]) -> None:
    """E15: __vmx_flush_tlb(vpid)."""
    kvm = host(name, ept, True, types)
    flush_of_vpid(kvm, kvm.vcpus[0], OTHER_VPID)
    assert seen(kvm) == [*invvpid(OTHER_VPID, types), *(invept((1, 2)) if ept else ())]


@pytest.mark.parametrize(("ept", "vpid", "root", "types"),
                         list(product((True, False), (True, False), (ROOT, INVALID_PAGE), INVVPID_SETS)))
def test_one_or_the_other(ept: bool, vpid: bool, root: int, types: tuple[int, ...]) -> None:
    """E17: with EPT INVEPT of the root, nothing without a root; without EPT the VPID."""
    if vpid and not {1, 2} & set(types):
        return                                       # hardware_setup() refuses VPIDs there since v4.12
    kvm = host("v4.15", ept, vpid, types, root=root)
    flush_of_vpid(kvm, kvm.vcpus[0], OTHER_VPID if vpid else 0)
    expected = (invept((1, 2)) if root == ROOT else []) if ept else invvpid(OTHER_VPID if vpid else 0, types)
    assert seen(kvm) == expected


@pytest.mark.parametrize("name", (*BOTH, "v4.15"))
@pytest.mark.parametrize(("vpid", "types"), list(product((0, OTHER_VPID), INVVPID_SETS)))
def test_vpid_sync_context(name: str, vpid: int, types: tuple[int, ...]) -> None:
    """C.1: falling back to all contexts even for VPID 0 (I-30)."""
    kvm = host(name, True, True, types)
    vpid_sync_context(kvm, kvm.vcpus[0], vpid)
    assert seen(kvm) == invvpid(vpid, types)
