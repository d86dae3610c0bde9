"""An L1 with two L2s to judge: given a machine, words that run it, and what the oracle says."""

from __future__ import annotations

from typing import Any

from kvmdbg.explore.schedule import run_until_waiting
from kvmdbg.machine.actions import load_program
from kvmdbg.machine.boot import boot
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.hw.tlbkey import TlbKey
from kvmdbg.machine.kvm import tables, vmcs12_template
from kvmdbg.machine.kvm.state import Config
from kvmdbg.machine.kvm.vmcs12 import VMCS12_REVISION
from kvmdbg.oracle.index import Index, index_of
from kvmdbg.oracle.uses import Use, uses
from kvmdbg.oracle.verdict import Verdict, judge

KERNELS = ("v4.3", "v4.4", "v6.12")
L1_LA, L2_LA = 0x40_0000, 0x80_0000
EPT, CR3_X, CR3_Y, DATA, OTHER = 0x1_0000, 0x4_0000, 0x5_0000, 0x6_0000, 0x7_0000
X, Y = 0x5000, 0x6000                    # VMCS regions: VPID 1 and CR3_X, VPID 2 and CR3_Y; both use EPT


class Machine:
    """One L1 that has set up L2-X and L2-Y over one EPT12; both map L2_LA to DATA, L1 maps L1_LA to itself."""

    def __init__(self, name: str = "v6.12", vpid: bool = True, ept: bool = True, config: Config = Config(),
                 listening: bool = False, caps: Caps = Caps()):
        self.kvm = boot(kernel(name), config, caps, listening=listening)
        self.vcpu = self.kvm.vcpus[0]
        tables.map_page(self.kvm, self.vcpu, "L1", L1_LA, L1_LA)
        tables.poke(self.kvm, self.vcpu, 0x3000, VMCS12_REVISION)
        for region, number, cr3 in ((X, 1, CR3_X), (Y, 2, CR3_Y)):
            fields = {F.GUEST_CR3: cr3} | ({F.VIRTUAL_PROCESSOR_ID: number} if vpid else {}) | ({F.EPT_POINTER: EPT} if ept else {})
            vmcs12_template.prepare(self.kvm, self.vcpu, region, fields)
        for page in (CR3_X, CR3_Y, DATA, OTHER):
            if ept:
                self.map("ept12", page, page)
            tables.poke(self.kvm, self.vcpu, page + 0xFF8, 0)
        for cr3 in (CR3_X, CR3_Y):
            tables.map_page(self.kvm, self.vcpu, "L2", L2_LA, DATA, root=cr3, eptp=EPT if ept else None)
        self.run("vmxon 0x3000", f"vmclear {X:#x}", f"vmclear {Y:#x}", f"load {L1_LA:#x}")

    # -- words -------------------------------------------------------------------------------------------------------

    def run(self, *instructions: str) -> Machine:
        """Each instruction through to the next wait."""
        for text in instructions:
            load_program(self.kvm, 0, (parse_insn(text),), True)
            run_until_waiting(self.kvm, 0)
        return self

    def enter(self, region: int = X, launch: bool = True) -> Machine:
        """L1 makes a VMCS current and enters its L2, which reads L2_LA."""
        return self.run(f"vmptrld {region:#x}", "vmlaunch" if launch else "vmresume", f"load {L2_LA:#x}")

    def leave(self) -> Machine:
        return self.run("vmcall")

    def map(self, level: str, address: int, target: int, **how: Any) -> Machine:
        """Map a page in a level's tables; for L2 `root` chooses whose."""
        if level == "ept12":
            how.setdefault("root", EPT)
        tables.map_page(self.kvm, self.vcpu, level, address, target, **how)
        return self

    def unmap(self, level: str, address: int, root: int | None = None) -> Machine:
        tables.set_entry(self.kvm, self.vcpu, level, address, 0, root=EPT if level == "ept12" and root is None else root)
        return self

    # -- what the oracle says -----------------------------------------------------------------------------------------

    @property
    def index(self) -> Index:
        return index_of(self.kvm)

    @property
    def position(self) -> int:
        return self.kvm.tape.cursor

    def keys(self, kind: str, page: int, vpid: int | None = None) -> list[TlbKey]:
        return [key for key, _ in self.kvm.hw.tlb[0].items() if key.kind == kind and key.page == page and vpid in (None, key.vpid)]

    def verdict(self, kind: str, page: int, vpid: int | None = None) -> Verdict:
        """The verdict on the one entry of a kind for a page."""
        found = self.keys(kind, page, vpid)
        assert len(found) == 1, found
        return judge(self.kvm, self.index, 0, found[0], self.position)

    def uses(self, start: int = 0) -> list[Use]:
        return list(uses(self.kvm, self.index, start, self.position))

    def last_use(self, page: int) -> Use:
        """The last use of a combined mapping of a page."""
        return [use for use in self.uses() if use.key.page == page and use.key.kind == "combined"][-1]

    def statuses(self) -> set[str]:
        return {use.verdict.status for use in self.uses()}

    def read(self) -> int:
        return self.vcpu.rax if self.vcpu.todo != ("guest",) else self.kvm.cpu(self.vcpu).rax
