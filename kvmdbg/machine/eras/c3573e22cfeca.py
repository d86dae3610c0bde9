"""3573e22cfeca: the VMXON region is looked at."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("3573e22cfeca", order=20140510, first="v3.16", date="2014-05",
        subject="KVM: nVMX: additional checks on vmxon region",
        touches=("vmx.c: handle_vmon()", "vmx.c: nested_vmx_check_vmptr()"), needs=("afa61f752ba6",), read="memory")
class Without(Era):
    """VMXON took any operand, unread, and no later instruction knew it."""

    def checks_the_vmxon_pointer(self) -> bool:
        """No."""
        return False
