"""f7eea636c3d5: VMREAD into memory that cannot be written is a page fault."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("f7eea636c3d5", order=20190819, first="v5.3", date="2019-09",
        subject="KVM: nVMX: handle page fault in vmread",
        touches=("nested.c: handle_vmread()",))
class Without(Era):
    """It succeeded, and nothing was written."""

    def vmread_notices_a_page_fault(self) -> bool:
        """No."""
        return False
