"""Steps of L0: `nested VM exit` (L0 takes L2 to L1), `nested VM entry or exit with the request pending`, `has_guest_tlb_tag?`."""

from __future__ import annotations

import re
from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw import vmcs
from kvmdbg.machine.hw.ept import ep4ta
from kvmdbg.machine.hw.fields import F
from kvmdbg.session.cases.harness import Harness
from kvmdbg.session.cases.operation import operation
from kvmdbg.session.cases.steps import Actor, Operation

TRANSITION: Final = re.compile(r"VM (entry or exit|exit or entry|entry|exit)( with the request pending)?")
PENDING: Final = "TLB_FLUSH_CURRENT"


@operation("nested", actors=("L0",))
def nested_exit(h: Harness, op: Operation, actor: Actor) -> None:
    """Made by a VMCALL of L2, which L0 reflects.  With a request pending: an exit, or an entry after it, or each in turn."""
    match = TRANSITION.fullmatch(op.rest)
    if match is None or match[1] != "exit" and not match[2]:
        raise Unsupported(f"{op.text}: only `nested VM exit` is done")
    if match[2] and "exit" in match[1]:
        h.player.inject_with_request("vmcall", PENDING)
    else:
        h.player.inject("vmcall")
    if "entry" in match[1]:
        h.skip_instruction()
        h.player.inject_with_request("vmresume", PENDING)


@operation("has_guest_tlb_tag?", actors=("L0",))
def has_guest_tlb_tag(h: Harness, op: Operation, actor: Actor) -> bool:
    """Do L1's and L2's cached translations differ in a tag, so that neither can use the other's? Looked up while L2 runs."""
    tags = [(vmcs.peek(h.kvm.hw, region, F.VIRTUAL_PROCESSOR_ID), ep4ta(vmcs.peek(h.kvm.hw, region, F.EPT_POINTER)))
            for region in (h.kvm.vmcs01(h.vcpu), h.vcpu.vmcs02)]
    return tags[0] != tags[1]
