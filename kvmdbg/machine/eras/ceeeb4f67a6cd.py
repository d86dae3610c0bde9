"""eeeb4f67a6cd: KVM_REQ_TLB_FLUSH_CURRENT, which flushes what the current context could have cached (seed 000)."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("eeeb4f67a6cd", order=20200424, first="v5.8", date="2020-04",
        subject="KVM: x86: Introduce KVM_REQ_TLB_FLUSH_CURRENT to flush current ASID",
        touches=("x86.c: vcpu_enter_guest()", "x86.c: kvm_set_cr3()", "nested.c: nested_vmx_vmexit()"),
        needs=("2387149eade2",))
class Without(Era):
    """What asks to flush the current context asked to flush all; and nothing was served before a nested transition switches."""

    def request_bits(self) -> dict[str, int]:
        """No bit for it, and Hyper-V's was one lower (0baedd792713)."""
        bits = {name: bit for name, bit in super().request_bits().items() if name != "TLB_FLUSH_CURRENT"}
        return bits | {"HV_TLB_FLUSH": 34} if bits.get("HV_TLB_FLUSH") == 35 else bits

    def current_flush_request(self) -> str:
        """All."""
        return "TLB_FLUSH"

    def flushes_served_at_transitions(self) -> tuple[str, ...]:
        """Not this one."""
        return tuple(name for name in super().flushes_served_at_transitions() if name != "TLB_FLUSH_CURRENT")
