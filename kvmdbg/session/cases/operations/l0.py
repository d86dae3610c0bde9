"""Steps of L0: `nested VM exit` (L0 takes L2 to L1), `has_guest_tlb_tag?` (does L2 run under tags of its own?)."""

from __future__ import annotations

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.ept import ep4ta
from kvmdbg.machine.hw.fields import F
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation


@operation("nested", actors=("L0",))
def nested_exit(h: Harness, op: Operation, actor: Actor) -> None:
    """Made by a VMCALL of L2, which L0 reflects."""
    if op.rest != "VM exit":
        raise Unsupported(f"{op.text}: only `nested VM exit` is done")
    h.player.inject("vmcall")


@operation("has_guest_tlb_tag?", actors=("L0",))
def has_guest_tlb_tag(h: Harness, op: Operation, actor: Actor) -> bool:
    """Do L1's and L2's cached translations differ in a tag, so that neither can use the other's? Looked up while L2 runs."""
    tags = [(vmcs.peek(h.kvm.hw, region, F.VIRTUAL_PROCESSOR_ID), ep4ta(vmcs.peek(h.kvm.hw, region, F.EPT_POINTER)))
            for region in (h.kvm.vmcs01(h.vcpu), h.vcpu.vmcs02)]
    return tags[0] != tags[1]
