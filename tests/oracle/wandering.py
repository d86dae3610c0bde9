"""Sessions made up by a seed: L1 and L2 load, store, edit tables of every level, invalidate or forget to, enter and leave."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import Any

from kvmdbg.errors import Unsupported, UserError
from kvmdbg.machine.hw.controls import CR4_PCIDE, CR4_PGE, CR4_SMEP, EFER_NXE
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm import tables
from kvmdbg.machine.kvm.host_events import happen, parse_host_event
from kvmdbg.machine.kvm.state import RUNNABLE, Config
from oracle.given import CR3_X, CR3_Y, DATA, EPT, L1_LA, L2_LA, OTHER, Machine, X, Y

L1_PAGES = (L1_LA, L1_LA + 0x1000)
L2_PAGES = (L2_LA, L2_LA + 0x1000, 0x100_0000)
TABLE_PAGES = (0x2000_0000, 0x2000_1000)          # where L2's tables lie
TARGETS = (CR3_X, CR3_Y, DATA, OTHER, 0x8_0000, 0x9_0000)
INVVPIDS = {0: (f"individual-address 1 {L2_LA:#x}",), 1: ("single-context 1", "single-context 2", "single-context 0"),
            2: ("all-context 0",), 3: ("single-context-retaining-globals 1",)}
HOST_WORDS = (*(f"{word} {page >> 12:#x}" for word in ("unmap", "unmap", "age", "change-pte", "write-protect")
                for page in (L1_LA, DATA, OTHER, CR3_X, EPT, 0x1000)),
              "preempt", "migrate pcpu1", "migrate pcpu0", "request TLB_FLUSH", "dirty-log on", "dirty-log get", "dirty-log off",
              "memslot create 0x80000 1", "memslot delete 0x80000", "set-sregs CR3=0x1000", "nmi", "irq 0x20", "steal-time 0x7000")
INVEPTS = {1: ("single-context 0x1001e", "single-context 0x1001f"), 2: ("all-context",)}


class Wanderer:
    """A machine and what it does next; `steps` is the log of what it did."""

    def __init__(self, name: str, seed: int, config: Config = Config(), host: bool = False,
                 caps: Caps = Caps()) -> None:
        self.random = Random(seed)
        self.host = Random(seed) if host else None        # what happens on the host goes its own way: the guest's does not change
        self.upper = Random(seed) if caps.paging_structure_caches else None     # and so do edits of upper levels
        self.ept = self.random.random() < 0.8 and config.enable_ept
        self.machine = Machine(name, vpid=self.random.random() < 0.8, ept=self.ept, config=config, caps=caps).run(f"vmptrld {X:#x}")
        era = self.machine.kvm.era
        self.invalidations = tuple(
            f"{name} {operands}" for name, offered, known in (
                ("invvpid", era.nested_invvpid_types(config.enable_vpid), INVVPIDS), ("invept", era.nested_invept_types(), INVEPTS))
            for number in offered for operands in known[number])
        self.launched: set[int] = set()
        self.steps: list[str] = []

    def wander(self, steps: int) -> Wanderer:
        """So many steps, or until KVM_RUN has returned to user space."""
        vcpu = self.machine.vcpu
        for _ in range(steps):
            if vcpu.exit_to_user or vcpu.mp_state != RUNNABLE:
                break
            self.step()
            if self.upper is not None and self.upper.random() < 0.3:
                self.edit_upper_level(self.upper)
            if self.host is not None and self.host.random() < 0.3:
                self.happen(self.host.choice(HOST_WORDS))
        return self

    def happen(self, text: str) -> None:
        """Something happens on the host, unless it cannot happen now or on this kernel."""
        self.steps.append(f"host {text}")
        with suppress(UserError, Unsupported):
            happen(self.machine.kvm, parse_host_event(text, 1, 0))

    def step(self) -> None:
        chance = self.random.random()
        if chance < 0.30:
            self.access()
        elif chance < 0.52:
            self.edit()
        elif self.machine.vcpu.guest_mode:
            self.run(self.of_l2())
        else:
            self.of_l1()

    def run(self, text: str) -> None:
        self.steps.append(text)
        self.machine.run(text)

    def access(self) -> None:
        page = self.random.choice(L2_PAGES if self.machine.vcpu.guest_mode else L1_PAGES)
        self.run(self.random.choice((f"load {page:#x}", f"load {page:#x}", f"store {page:#x}, 5", f"fetch {page:#x}")))

    def edit(self) -> None:
        """A table entry of some level, without any invalidation."""
        pick = self.random.choice
        how: dict[str, Any]
        level = pick(("L1", "L2", "L2", "ept12", "ept12", "unmap") if self.ept else ("L1", "L2"))
        if level == "L1":
            address, target, how = pick(L1_PAGES), pick((*L1_PAGES, *TARGETS)), {"flags": pick(("rwxu", "rxu", "rwxug"))}
        elif level == "L2":
            address, target = pick(L2_PAGES), pick(TARGETS)
            how = {"flags": pick(("rwxu", "rxu", "rwu", "rwxug")), "root": pick((CR3_X, CR3_Y)), "eptp": EPT if self.ept else None}
        else:
            pages = (*TARGETS, *TABLE_PAGES)
            address, target, how = pick(pages), pick(pages), {"flags": pick(("rwx", "rwx", "rx", "r"))}
        self.steps.append(f"{level} {address:#x} {target:#x} {how}")
        with suppress(UserError):            # L2's tables may be out of reach: L1 has unmapped them
            if level == "unmap":
                self.machine.map("ept12", address, target).unmap("ept12", address)
            else:
                self.machine.map(level, address, target, **how)

    def edit_upper_level(self, random: Random) -> None:
        """An entry above the last level comes to name another table, or its old one with other rights, or nothing."""
        level = random.choice(("L1", "L2", "L2", "ept12") if self.ept else ("L1", "L2"))
        pages = {"L1": L1_PAGES, "L2": L2_PAGES, "ept12": (*TARGETS, *TABLE_PAGES)}[level]
        address, other, table_level = random.choice(pages), random.choice(pages), random.choice((2, 2, 3, 4))
        roots = {"L1": (0x1000,), "L2": (CR3_X, CR3_Y), "ept12": (EPT,)}[level]
        eptp = EPT if level == "L2" and self.ept else None
        taken, added = random.choice((0, 0, 2, 4, 7)), random.choice((0, 0, 0x20))
        kvm, vcpu, root, source = self.machine.kvm, self.machine.vcpu, random.choice(roots), random.choice(roots)
        self.steps.append(f"{level} {address:#x} level {table_level} as {other:#x} without {taken:#x}")
        with suppress(UserError):
            _, value = tables.entry_of(kvm, vcpu, level, other, table_level, source, eptp)
            value = value & ~taken | (0 if level == "ept12" else added)
            tables.set_entry(kvm, vcpu, level, address, value, table_level, root, eptp)

    def of_l2(self) -> str:
        pick, cpu = self.random.choice, self.machine.kvm.cpu(self.machine.vcpu)
        match pick(("leave", "leave", "cpuid", "invlpg", "invpcid", "efer", "cr3", "cr3", "cr4", "cr4")):
            case "leave":
                return "vmcall"
            case "cpuid":
                return "cpuid"
            case "invlpg":
                return f"invlpg {pick(L2_PAGES):#x}"
            case "invpcid":
                return self.invpcid(pick(L2_PAGES))
            case "efer":
                return f"wrmsr IA32_EFER, {cpu.efer ^ EFER_NXE:#x}"
            case "cr3":
                extra = pick((0, 1, 2)) | pick((0, 1 << 63)) if cpu.cr4 & CR4_PCIDE else 0
                return f"mov cr3, {pick((CR3_X, CR3_Y)) | extra:#x}"
        return f"mov cr4, {cpu.cr4 ^ self.cr4_bits():#x}"

    def invpcid(self, page: int) -> str:
        """An INVPCID that does not fault: without PCIDs only 0 can be named."""
        cpu = self.machine.kvm.cpu(self.machine.vcpu)
        pcid = self.random.choice((0, 1, 2)) if cpu.cr4 & CR4_PCIDE else 0
        return f"invpcid {self.random.choice((0, 1, 2, 3))}, {pcid}, {page:#x}"

    def cr4_bits(self) -> int:
        return self.random.choice((CR4_PGE, CR4_PGE, CR4_SMEP, CR4_PCIDE, CR4_PGE | CR4_SMEP, CR4_PGE | CR4_PCIDE))

    def of_l1(self) -> None:
        pick, vcpu = self.random.choice, self.machine.vcpu
        cr4 = self.machine.kvm.cpu(vcpu).cr4
        secondary = pick((0x22, 0x22, 0x02)) if self.ept else pick((0x20, 0))
        words = ("enter", "enter", "enter", "enter", f"vmptrld {pick((X, Y)):#x}", f"vmptrld {pick((X, Y)):#x}",
                 pick(self.invalidations), pick(self.invalidations), f"vmwrite VIRTUAL_PROCESSOR_ID, {pick((1, 2, 3))}",
                 f"vmwrite GUEST_CR3, {pick((CR3_X, CR3_Y)):#x}", f"vmwrite SECONDARY_VM_EXEC_CONTROL, {secondary:#x}",
                 f"invlpg {pick(L1_PAGES):#x}", self.invpcid(pick(L1_PAGES)), "mov cr3, 0x1000",
                 f"mov cr4, {cr4 ^ self.cr4_bits():#x}")
        word = pick(words)
        if word != "enter":
            self.run(word)
            return
        pointer = vcpu.current_vmptr
        self.run("vmresume" if pointer in self.launched else "vmlaunch")
        if vcpu.guest_mode:
            self.launched.add(pointer)
