"""afa61f752ba6: L1 is offered EPT."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("afa61f752ba6", order=20130810, first="v3.12", date="2013-08",
        subject="nEPT: Advertise EPT to L1",
        touches=("vmx.c: nested_vmx_setup_ctls_msrs()",), needs=("d6185f20a0ef",),
        series="with the shadow EPT of the same series (25d92081ae2f, 155a97a3d7c7)", read="memory")
class Without(Era):
    """L1 ran its L2s on shadow page tables; INVEPT was #UD, a vmcs12 with "enable EPT" VMfail 7."""

    def offers_ept_to_l1(self) -> bool:
        """No."""
        return False
