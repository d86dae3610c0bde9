"""693e02cc2409: a field that does not exist is not read-only."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era


@commit("693e02cc2409", order=20200111, first="v5.6", date="2020-01",
        subject="kvm: nVMX: VMWRITE checks unsupported field before read-only field",
        touches=("nested.c: handle_vmwrite()",))
class Without(Era):
    """A field was read-only by its number alone, whether vmcs12 has it or not."""

    def vmwrite_looks_for_the_field_first(self) -> bool:
        """No."""
        return False
