"""Whatever a guest does, on whatever kernel: the tape goes back and forth, and the TLB holds only what it may hold."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kvm_support import DATA, EPT12, KERNELS, L1_PAGE, L2_PAGE, OTHER_EPT12, OTHER_VMCS, VMCS, VMXON_REGION, Machine
from kvmdbg.errors import UserError
from kvmdbg.explore.schedule import next_action
from kvmdbg.machine.actions import do, load_program, waits
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.state import VMX_NON_ROOT, Caps
from kvmdbg.machine.hw.tlbkey import COMBINED, GUEST_PHYSICAL, LINEAR, NONE
from kvmdbg.machine.kvm.state import IN_GUEST_MODE, INVALID_PAGE, OUTSIDE_GUEST_MODE

ORDINARY = (
    "vmlaunch", "vmresume", "vmcall", "vmxoff", f"vmxon {VMXON_REGION:#x}", f"vmptrld {VMCS:#x}", f"vmptrld {OTHER_VMCS:#x}",
    f"vmclear {VMCS:#x}", f"vmclear {OTHER_VMCS:#x}", "vmptrst", f"load {L1_PAGE:#x}", f"store {L1_PAGE:#x}, 7",
    f"load {L2_PAGE:#x}", f"store {L2_PAGE:#x}, 9", f"fetch {L2_PAGE:#x}", f"invlpg {L2_PAGE:#x}", "cpuid", "nop",
    "mov cr3, 0x1000", "mov cr3, 0x40000", "mov cr3, 0x48000", "mov rax, cr3", "invvpid single-context 1",
    f"invvpid individual-address 2 {L2_PAGE:#x}", "invvpid all-context", f"invept single-context {EPT12 | 0x1e:#x}",
    f"invept single-context {EPT12 | 0x5e:#x}", "invept all-context", "vmwrite VIRTUAL_PROCESSOR_ID, 2",
    "vmwrite VIRTUAL_PROCESSOR_ID, 1", f"vmwrite EPT_POINTER, {OTHER_EPT12 | 0x1e:#x}", f"vmwrite EPT_POINTER, {EPT12 | 0x5e:#x}",
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
    "load 0x800000000000", "store 0xdead000, 1", "fetch 0xdead000", "mov cr0, 0", "mov cr4, 0", "mov cr4, -1",
    "mov cr3, 0x4000000000000000", "mov cr4, 0x4020a0", "mov cr3, 0x10000", "mov cr0, 0x80050013", "mov cr4, 0x220a0", "hlt",
)
LEAVES = (0, DATA | 7, DATA | 0x37, 0x7_0037, DATA | 0x31, 0x4000_0037, 0x20_00B7, 0x8000_0000_0000_0000 | DATA | 0x67)


class AnyGuest(RuleBasedStateMachine):
    """Random programs and table edits; every action boundary is remembered by its digest."""

    @initialize(name=st.sampled_from(KERNELS), enable_vpid=st.booleans(), capacity=st.sampled_from((0, 0, 6)),
                vpid=st.sampled_from((1, 2, None)), eptp=st.sampled_from((EPT12, EPT12 | 0x1E, EPT12 | 0x5E, None)))
    def boot(self, name: str, enable_vpid: bool, capacity: int, vpid: int | None, eptp: int | None) -> None:
        self.m = Machine(name, Caps(tlb_capacity=capacity), enable_vpid=enable_vpid)
        self.tape = self.m.kvm.tape
        self.boundaries: dict[int, str] = {}
        self.m.given_vmx()
        self.m.given_l2(VMCS, vpid, eptp).given_l2(OTHER_VMCS, 2, OTHER_EPT12, cr3=0x4_8000)
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

    def inject(self, text: str) -> None:
        load_program(self.m.kvm, 0, (parse_insn(text),), front=True)
        self.remember()
        try:
            while (action := next_action(self.m.kvm, 0)) is not None:
                do(self.m.kvm, action)
                self.remember()
        except UserError:
            self.m.vcpu.program = ()       # refused: the machine is as it was; the person takes the instruction back
            self.remember()

    @rule(level=st.sampled_from(("L1", "L2", "ept12")), table_level=st.sampled_from((1, 1, 2, 3, 4)),
          address=st.sampled_from((L1_PAGE, L2_PAGE, DATA, 0x4_0000)), value=st.sampled_from(LEAVES))
    def edit(self, level: str, table_level: int, address: int, value: int) -> None:
        try:
            self.m.set(level, address, value, table_level=table_level)
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
            assert key.kind != LINEAR
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
            assert cpu.eptp >> 12 == self.m.tag(vcpu.mmu)
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


AnyGuest.TestCase.settings = settings(max_examples=30, stateful_step_count=20, derandomize=True, deadline=None, database=None,
                                      suppress_health_check=list(HealthCheck))
TestAnyGuest = AnyGuest.TestCase
