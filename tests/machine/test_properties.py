"""Whatever a guest does, on whatever kernel: the tape goes both ways, the TLB holds only what it may, and L2 finds its memory."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kvm_support import (
    DATA,
    EPT12,
    KERNELS,
    L1_PAGE,
    L2_PAGE,
    OTHER_EPT12,
    OTHER_VMCS,
    VMCS,
    VMXON_REGION,
    Events,
    Machine,
)
from kvmdbg.errors import UserError
from kvmdbg.explore.schedule import next_action
from kvmdbg.machine.actions import do, load_program, waits
from kvmdbg.machine.hw import ept, paging
from kvmdbg.machine.hw.access import paging_of
from kvmdbg.machine.hw.controls import CR0_WP, CR4_SMEP
from kvmdbg.machine.hw.events import Accessed, Faulted
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.state import VMX_NON_ROOT, Caps, Pdptes
from kvmdbg.machine.hw.tlbkey import COMBINED, GUEST_PHYSICAL, LINEAR, NONE
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.events import ExceptionInjected, NestedExited
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest
from kvmdbg.machine.kvm.guest_paging import guest_paging
from kvmdbg.machine.kvm.nested_ept import walk_ept12
from kvmdbg.machine.kvm.state import IN_GUEST_MODE, INVALID_PAGE, OUTSIDE_GUEST_MODE
from kvmdbg.machine.kvm.vmcs12 import nested_cpu_has_ept

ORDINARY = (
    "vmlaunch", "vmresume", "vmcall", "vmxoff", f"vmxon {VMXON_REGION:#x}", f"vmptrld {VMCS:#x}", f"vmptrld {OTHER_VMCS:#x}",
    f"vmclear {VMCS:#x}", f"vmclear {OTHER_VMCS:#x}", "vmptrst", f"load {L1_PAGE:#x}", f"store {L1_PAGE:#x}, 7",
    f"load {L2_PAGE:#x}", f"store {L2_PAGE:#x}, 9", f"fetch {L2_PAGE:#x}", f"invlpg {L2_PAGE:#x}", "cpuid", "nop",
    "mov cr3, 0x1000", "mov cr3, 0x40000", "mov cr3, 0x48000", "mov rax, cr3", "invvpid single-context 1",
    f"invvpid individual-address 2 {L2_PAGE:#x}", "invvpid all-context", f"invept single-context {EPT12 | 0x1e:#x}",
    f"invept single-context {EPT12 | 0x5e:#x}", "invept all-context", "vmwrite VIRTUAL_PROCESSOR_ID, 2",
    "vmwrite VIRTUAL_PROCESSOR_ID, 1", f"vmwrite EPT_POINTER, {OTHER_EPT12 | 0x1e:#x}", f"vmwrite EPT_POINTER, {EPT12 | 0x5e:#x}",
    "invpcid all-context", "invpcid all-context-including-globals", "invpcid single-context 0", "wrmsr IA32_EFER, 0xd01",
    "wrmsr IA32_EFER, 0xd00", "rdmsr IA32_EFER", f"invpcid individual-address 0 {L2_PAGE:#x}", "sti", "cli",
    "vmread GUEST_CR3", "mov cr4, 0x20a0", "mov cr4, 0x2020", "mov cr4, 0x1020a0", "mov cr0, 0x80040033", "mov cr0, 0x80050033",
)
HOSTILE = (
    "vmwrite VIRTUAL_PROCESSOR_ID, 0", "vmwrite EPT_POINTER, 0x123", "vmwrite HOST_CR3, -1", "vmwrite GUEST_CR0, 0",
    "vmwrite GUEST_RFLAGS, 0", "vmwrite SECONDARY_VM_EXEC_CONTROL, 0", "vmwrite SECONDARY_VM_EXEC_CONTROL, 0x22",
    "vmwrite CPU_BASED_VM_EXEC_CONTROL, 0x80008080", "vmwrite CPU_BASED_VM_EXEC_CONTROL, 0x80008280", "vmwrite 0x7fff, 1",
    "vmwrite EXCEPTION_BITMAP, -1", "vmwrite CR0_GUEST_HOST_MASK, 0x10000", "vmwrite CR4_GUEST_HOST_MASK, 0x80",
    "vmwrite VM_ENTRY_INTR_INFO_FIELD, 0x80000306", "vmwrite VM_EXIT_REASON, 1", "vmwrite PIN_BASED_VM_EXEC_CONTROL, -1",
    "vmwrite CR3_TARGET_COUNT, 1", "invvpid 7 1", "invvpid 66 1", "invept 7 0", "invept 66 0", "invvpid single-context 0",
    "invvpid individual-address 1 0x800000000000", f"invvpid single-context @{L1_PAGE:#x}", "invept single-context 0x10",
    f"invept all-context @{L2_PAGE:#x}", "vmptrld 0x123", f"vmptrld {VMXON_REGION:#x}", "vmptrld 0x7000", "vmclear 0x5001",
    f"vmclear {VMXON_REGION:#x}", "vmptrld @0x800000000000", "vmptrld @0xdead000", "vmread 0x7fff", "vmxon 0x123",
    "wrmsr IA32_EFER, 1", "wrmsr 0x10, 1", "rdmsr 0x2000", "invpcid 4 0", "invpcid single-context 5", "vmfunc 0, 0", "vmfunc 64, 0",
    "wrmsr IA32_EFER, 0x501", "load 0x800000000000", "store 0xdead000, 1",
    "fetch 0xdead000", "mov cr0, 0", "mov cr4, 0", "mov cr4, -1",
    "mov cr3, 0x4000000000000000", "mov cr4, 0x4020a0", "mov cr3, 0x10000", "mov cr0, 0x80050013", "mov cr4, 0x220a0", "hlt",
)
HOST = ("preempt", f"unmap {DATA >> 12:#x}", f"unmap {L1_PAGE >> 12:#x}", f"age {DATA >> 12:#x}", f"write-protect {DATA >> 12:#x}",
        "dirty-log on", "dirty-log get", "dirty-log off", "memslot create 0x80000 1", "memslot delete 0x80000", "request TLB_FLUSH",
        "set-sregs CR3=0x1000", "steal-time 0x7000", "init", "reset")
RIGHTS = {"load": ept.READ, "store": ept.WRITE, "fetch": ept.EXECUTE}
LEAVES = (0, DATA | 7, DATA | 0x37, 0x7_0037, DATA | 0x31, 0x4000_0037, 0x20_00B7, 0x8000_0000_0000_0000 | DATA | 0x67)


def what_l2_finds(m: Machine, access: str) -> tuple[str, int]:
    """L2's access to L2_PAGE by the rules of the manual, from the tables alone: ("at", L1's address), ("exit", 48), ..."""
    try:
        shape, cr3, pdptes = own_paging(m)
        guest = paging.software_walk(lambda address: kvm_read_guest(m.kvm, reach(m, address, table_rights(m))), shape, cr3,
                                     L2_PAGE, pdptes)
        if not guest.mapped:
            return "#PF", 0
        if not permitted(m, guest, access):
            return "#PF", 0
        for step in guest.steps:
            wanted = paging.A | paging.D if step is guest.steps[-1] and access == "store" else paging.A
            if wanted & ~step.value:
                reach(m, step.address, ept.WRITE)
        return "at", reach(m, guest.address, RIGHTS[access])
    except Elsewhere as found:
        return found.args[0], found.args[1]


def own_paging(m: Machine) -> tuple[paging.Paging, int, Pdptes]:
    """L2's own paging mode, CR3 and PDPTEs: without EPT the processor has others."""
    if m.kvm.config.enable_ept:
        return paging_of(m.kvm.hw, m.cpu), m.cpu.cr3, m.cpu.pdptes
    return guest_paging(m.kvm, m.vcpu), m.vcpu.cr3, m.vcpu.pdptrs


class Elsewhere(Exception):
    """The access ends elsewhere than in memory."""


def permitted(m: Machine, guest: paging.Walk, access: str) -> bool:
    """What L2's page tables allow its kernel."""
    cr0, cr4 = (m.cpu.cr0, m.cpu.cr4) if m.kvm.config.enable_ept else (m.vcpu.cr0, m.vcpu.cr4)
    if access == "fetch":
        return guest.execute and not (guest.user and cr4 & CR4_SMEP)
    return access == "load" or guest.write or not cr0 & CR0_WP


def table_rights(m: Machine) -> int:
    """What an access to L2's page tables needs: with EPT accessed and dirty flags it counts as a write."""
    return ept.READ | ept.WRITE if m.cpu.eptp & ept.EPTP_AD else ept.READ


def reach(m: Machine, gpa: int, wanted: int) -> int:
    """L1's address behind one of L2's.  raises: Elsewhere."""
    if nested_cpu_has_ept(m.kvm, m.vcpu):
        walk = walk_ept12(m.kvm, vmcs12.get(m.kvm, m.vcpu, F.EPT_POINTER), gpa)
        if walk.misconfigured:
            raise Elsewhere("exit", 49)
        if not walk.mapped or wanted & ~walk.rights:
            raise Elsewhere("exit", 48)
        gpa = walk.address
    if gpa >= m.kvm.config.memory:
        raise Elsewhere("user", 0)
    return gpa


def outcome(m: Machine, events: Events) -> tuple[str, int]:
    """How the access ended, from what happened."""
    for event in events:
        match event:
            case NestedExited(reason=reason):
                return ("exit", reason) if reason else ("#PF", 0)
            case Faulted(vector=vector) | ExceptionInjected(vector=vector):
                return vector, 0
            case Accessed(pa=pa):
                return "at", m.kvm.gfn_of.get(pa & ept.ADDRESS, -1) << 12 | pa & 0xFFF
    return ("user", 0) if m.vcpu.exit_to_user else ("nothing", 0)


class AnyGuest(RuleBasedStateMachine):
    """Random programs and table edits; every action boundary is remembered by its digest."""

    caps = Caps()

    @initialize(name=st.sampled_from(KERNELS), enable_vpid=st.booleans(), capacity=st.sampled_from((0, 0, 6)),
                vpid=st.sampled_from((1, 2, None)), eptp=st.sampled_from((EPT12, EPT12 | 0x1E, EPT12 | 0x5E, None)))
    def boot(self, name: str, enable_vpid: bool, capacity: int, vpid: int | None, eptp: int | None) -> None:
        self.begin(Machine(name, self.caps._replace(tlb_capacity=capacity), enable_vpid=enable_vpid), vpid, eptp, OTHER_EPT12)

    def begin(self, machine: Machine, vpid: int | None, eptp: int | None, other_eptp: int | None) -> None:
        """Two vmcs12s, and L2 of the first one is entered."""
        self.m = machine
        self.tape = self.m.kvm.tape
        self.boundaries: dict[int, str] = {}
        self.m.given_vmx()
        self.m.given_l2(VMCS, vpid, eptp).given_l2(OTHER_VMCS, vpid and 2, other_eptp, cr3=0x4_8000)
        self.m.run(f"vmclear {OTHER_VMCS:#x}")
        self.m.enter()
        self.remember()

    def remember(self) -> None:
        self.boundaries[self.tape.cursor] = self.tape.digest()

    @precondition(lambda self: waits(self.m.kvm, 0))
    @rule(text=st.sampled_from(ORDINARY))
    def ordinary(self, text: str) -> None:
        self.inject(text)

    @precondition(lambda self: waits(self.m.kvm, 0))
    @rule(text=st.sampled_from(HOSTILE))
    def hostile(self, text: str) -> None:
        self.inject(text)

    @rule(text=st.sampled_from(HOST))
    def on_the_host(self, text: str) -> None:
        """Something happens on the host, or is refused and changes nothing; then the vCPU goes on."""
        end = self.tape.cursor
        try:
            self.m.host(text)
        except UserError:
            assert self.tape.cursor == end
        self.remember()
        while (action := next_action(self.m.kvm, 0)) is not None:
            do(self.m.kvm, action)
            self.remember()

    def inject(self, text: str) -> bool:
        """Run one instruction; False when the machine lacks what it needs."""
        load_program(self.m.kvm, 0, (parse_insn(text),), front=True)
        self.remember()
        try:
            while (action := next_action(self.m.kvm, 0)) is not None:
                do(self.m.kvm, action)
                self.remember()
        except UserError:
            self.m.vcpu.program = ()       # refused: the machine is as it was; the person takes the instruction back
            self.remember()
            return False
        return True

    @precondition(lambda self: waits(self.m.kvm, 0) and self.m.vcpu.vmxon)
    @rule(access=st.sampled_from(sorted(RIGHTS)))
    def invalidate_and_look(self, access: str) -> None:
        """After L1 has invalidated everything, L2 finds what the tables say, whatever was edited before."""
        m = self.m
        for text in ("vmcall", "invept all-context", "invvpid all-context", "vmresume"):
            skipped = text == "vmcall" and not m.vcpu.guest_mode or text.startswith("invvpid") and not m.kvm.era.caches_roots()
            if waits(m.kvm, 0) and not skipped:           # old kernels flush at each root load
                self.inject(text)
        if not (m.vcpu.guest_mode and waits(m.kvm, 0)):
            return
        expected = what_l2_finds(m, access)
        start = self.tape.cursor
        if self.inject(f"{access} {L2_PAGE:#x}{', 9' if access == 'store' else ''}"):
            assert outcome(m, m.since(start)) == expected

    @rule(level=st.sampled_from(("L1", "L2", "ept12")), table_level=st.sampled_from((1, 1, 2, 3, 4)),
          address=st.sampled_from((L1_PAGE, L2_PAGE, DATA, 0x4_0000)), value=st.sampled_from(LEAVES))
    def edit(self, level: str, table_level: int, address: int, value: int) -> None:
        try:
            self.m.set(level, address, value, table_level=table_level)
        except UserError:
            pass
        self.remember()

    @rule(level=st.sampled_from(("L2", "ept12")), table_level=st.sampled_from((1, 2, 3, 4)),
          address=st.sampled_from((L2_PAGE, DATA, 0x4_0000)), bits=st.sampled_from((1, 2, 4, 0x20, 0x40, 0x100, 0x200)))
    def flip(self, level: str, table_level: int, address: int, bits: int) -> None:
        """A right or a flag given or taken, at any level of a table that is there."""
        try:
            self.m.set(level, address, self.m.entry(level, address, table_level) ^ bits, table_level=table_level)
        except UserError:
            pass
        self.remember()

    @rule(level=st.sampled_from(("L1", "L2", "ept12")), address=st.sampled_from((L1_PAGE, L2_PAGE, DATA, 0x4_0000)),
          size=st.sampled_from((0x1000, 0x20_0000)))
    def map(self, level: str, address: int, size: int) -> None:
        try:
            self.m.map(level, address & -size, DATA & -size, size=size)
        except UserError:
            pass
        self.remember()

    @invariant()
    def the_tlb_obeys_the_creation_rules(self) -> None:
        """A.2: with EPT in use no linear mapping; a VPID that KVM owns, or 0 without enable_vpid; an EPTP that KVM built."""
        kvm = self.m.kvm
        tables = {page.hpa >> 12 for key, page in kvm.shadow_pages.unordered() if key.level == 4}
        owned = {0} if not kvm.config.enable_vpid else {self.m.vcpu.vpid, 2}
        for key, _ in kvm.hw.tlb[0].unordered():
            assert (key.kind == LINEAR) != kvm.config.enable_ept
            if key.kind == LINEAR:
                assert key.vpid in owned
                continue
            assert key.ep4ta in tables
            assert (key.vpid == NONE) if key.kind == GUEST_PHYSICAL else (key.kind == COMBINED and key.vpid in owned)

    @invariant()
    def the_processor_and_kvm_agree(self) -> None:
        """In the guest the processor is in non-root operation with the current root and the vCPU's own tags."""
        vcpu, cpu = self.m.vcpu, self.m.cpu
        assert vcpu.mode == (IN_GUEST_MODE if vcpu.todo in (("guest",), ("vmenter",)) else OUTSIDE_GUEST_MODE)
        if vcpu.todo == ("guest",):
            assert cpu.vmx == VMX_NON_ROOT
            assert self.m.kvm.mmu(vcpu).root.hpa != INVALID_PAGE
            root = cpu.eptp if self.m.kvm.config.enable_ept else cpu.cr3
            assert root >> 12 == self.m.tag(vcpu.mmu)
            assert cpu.current_vmcs == (vcpu.vmcs02 if vcpu.guest_mode else self.m.kvm.vmcs01(vcpu))

    @invariant()
    def frames_are_nobody_elses(self) -> None:
        kvm = self.m.kvm
        assert {page: gfn for gfn, page in kvm.pages.items()} == dict(kvm.gfn_of.items())
        shadow = [page.hpa for _, page in kvm.shadow_pages.unordered()]
        assert len(set(shadow)) == len(shadow)
        assert not set(shadow) & set(dict(kvm.gfn_of.items()))

    def teardown(self) -> None:
        if not hasattr(self, "tape"):
            return
        end = self.tape.cursor
        last: Any = self.tape.freeze()
        for position in sorted(self.boundaries, reverse=True):
            self.tape.seek(position)
            assert self.tape.digest() == self.boundaries[position]
        for position in sorted(self.boundaries):
            self.tape.seek(position)
            assert self.tape.digest() == self.boundaries[position]
        self.tape.seek(0)
        self.tape.seek(end)
        assert self.tape.freeze() == last


class ShadowedGuest(AnyGuest):
    """The same without EPT: KVM shadows the page tables of L1 and of L2."""

    @initialize(name=st.sampled_from(KERNELS), enable_vpid=st.booleans(), capacity=st.sampled_from((0, 0, 6)),
                vpid=st.sampled_from((1, 2, None)))
    def boot(self, name: str, enable_vpid: bool, capacity: int, vpid: int | None) -> None:
        machine = Machine(name, self.caps._replace(tlb_capacity=capacity), enable_ept=False, enable_vpid=enable_vpid)
        self.begin(machine, vpid if enable_vpid and machine.kvm.era.name != "v4.3" else None, None, None)


AnyGuest.TestCase.settings = settings(max_examples=22, stateful_step_count=20, derandomize=True, deadline=None, database=None,
                                      suppress_health_check=list(HealthCheck))
TestAnyGuest = AnyGuest.TestCase
ShadowedGuest.TestCase.settings = settings(AnyGuest.TestCase.settings, max_examples=12)
TestShadowedGuest = ShadowedGuest.TestCase
