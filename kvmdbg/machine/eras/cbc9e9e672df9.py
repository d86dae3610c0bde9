"""bc9e9e672df9: debugfs takes its names from the binary statistics."""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.eras.commit import commit
from kvmdbg.machine.kvm.era import Era

BEFORE: Final = {"irq_window_exits": "irq_window", "nmi_window_exits": "nmi_window"}


@commit("bc9e9e672df9", order=20210625, first="v5.14", date="2021-06",
        subject="KVM: debugfs: Reuse binary stats descriptors", touches=("x86.c: debugfs_entries",))
class Without(Era):
    """debugfs had a list of its own, with shorter names for two of the statistics here."""

    def statistic_name(self, name: str) -> str:
        """irq_window and nmi_window."""
        return BEFORE.get(name) or super().statistic_name(name)
