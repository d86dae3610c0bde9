"""85aa8889b82e: the other cached roots of the same EP4TA are synced as well."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("85aa8889b82e", order=20210820, first="v5.15", date="2021-08",
        subject="kvm: vmx: Sync all matching EPTPs when injecting nested EPT fault",
        touches=("nested.c: nested_ept_inject_page_fault()", "nested.c: nested_ept_invalidate_addr()"), needs=("ee1fa209f5e5",))
class Without(Era):
    """L1 that used one EPT12 with and without A/D bits could see the same violation again and again (I-12)."""

    def syncs_roots_of_the_same_ep4ta(self) -> bool:
        """No."""
        return False
