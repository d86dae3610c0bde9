"""What the harness of a test-suite does around the steps: it changes levels, maps what steps name, and skips instructions.

Steps say what L1 and L2 do; they do not say that L1 first enters L2 for a step of L2, or that after an exit it steps over
L2's instruction before it resumes. kvm-unit-tests' harness does that for its tests, this one for the cases.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kvmdbg.errors import UserError
from kvmdbg.machine.actions import waits
from kvmdbg.machine.hw import paging
from kvmdbg.machine.hw.controls import SEC_ENABLE_VPID
from kvmdbg.machine.hw.exit import INSTRUCTION_EXITS
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm import tables, vmcs12
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest
from kvmdbg.machine.kvm.state import INVALID_GPA, Kvm, Vcpu
from kvmdbg.session.cases import binding, field_names, leaf_of_v
from kvmdbg.session.cases.base import SECONDARY_BITS, Base, eptp_of, eptps_of_list, linear_v, symbols_of, uses_ept, vmcs12_values
from kvmdbg.session.cases.binding import Binding
from kvmdbg.session.cases.control_bits import NO_BIT, Bit
from kvmdbg.session.cases.player import EPT12, L1, L2, LARGE, Player
from kvmdbg.session.cases.setup import Setup

LINEAR_OF_GPA: Final = 0x50_0000_0000       # L2's linear addresses for guest-physical ones, 1 GiB apart
GIB: Final = 0x4000_0000
FRAME_OF_GPA: Final = 0x80_0000             # frames behind them, 2 MiB apart, so that a large page fits


class Harness:
    """One instance's run on one machine."""

    def __init__(self, base: Base, gva_is_l2s: bool = True, large: bool = False, field: str = "", bit: Bit = NO_BIT) -> None:
        """gva_is_l2s: steps that name V mean L2's tables, whoever changes them; field: what `the address` of a step is.

        bit: the control that `one bit` of a step is.
        """
        self.tables = L2 if gva_is_l2s else L1
        self.setup: Setup = base.setup
        self.player: Player = base.player
        self.large = large                   # EPT changes are made as large pages where the level allows
        self.field = field
        self.bit = bit
        self.cookie = -1                     # of the last write to every field
        self.refused = ""                    # a MOV to CR0 or CR4 that the case wants done, and no processor does
        self.highest_index = -1              # of the fields that VMREAD has accepted when it tried every one
        self.shadow_value = 0                # what the field that the case is about was given in the shadow VMCS
        self.efer_field: int = F.GUEST_IA32_EFER      # which EFER `LMA=1` is of
        self.secondary_told = False          # a step has said whether the secondary controls are activated
        self.spoilt: dict[int, int] = {}     # field of the current VMCS that a step has made bad -> its good value
        self.rip_told = False                # a step has set L2's RIP since L2 last ran
        self.immediate_exit = False          # kvm_run->immediate_exit: the next `run` returns at once
        self.eptp = eptp_of(base.setup)
        known = {"f": field_names.encoding(field)} if field else {}
        self.binding = Binding(base.setup.caps, self._phrases(), {**known, **symbols_of(base.setup)})
        self._linear: dict[int, int] = {}    # guest-physical page -> L2's linear address for it
        self._table_pages: dict[int, int] = {}
        self._before: dict[int, int] = {}    # linear page -> frame that the tables named before the last change

    @property
    def kvm(self) -> Kvm:
        return self.player.kvm

    @property
    def vcpu(self) -> Vcpu:
        return self.player.vcpu

    @property
    def level(self) -> int:
        """1 or 2: who is the guest."""
        return 2 if self.vcpu.guest_mode else 1

    @property
    def rax(self) -> int:
        """The result register of the level that runs."""
        return self.kvm.cpu(self.vcpu).rax

    def flags(self, level: int) -> int:
        """RFLAGS of `level`; -1 while it does not run."""
        return self.kvm.cpu(self.vcpu).rflags if self.level == level and waits(self.kvm, 0) else -1

    def peek(self, gpa: int) -> int:
        """64 bits of L1's memory."""
        return kvm_read_guest(self.kvm, gpa) or 0

    # -- levels -------------------------------------------------------------------------------------------------

    def bring(self, level: int) -> None:
        """Make `level` the guest: L1 enters L2, or L2 calls L1.  raises: UserError when that fails."""
        if self.level != level:
            self.player.privilege(0)
            if level == 2:
                self.enter()
            else:
                self.player.inject("vmcall")
        if self.level != level:
            raise UserError(f"L{level} cannot be brought to run: {self._why_not()}")

    def enter(self, word: str = "") -> None:
        """VMLAUNCH or VMRESUME, as the launch state of the current VMCS asks, or the given one."""
        word = word or ("vmresume" if self.launched else "vmlaunch")
        if word == "vmresume" and not self.rip_told:
            self.skip_instruction()
        self.rip_told = False
        self.player.inject(word)

    @property
    def launched(self) -> bool:
        return bool(vmcs12.get(self.kvm, self.vcpu, vmcs12.LAUNCH_STATE))

    def skip_instruction(self) -> None:
        """L1 moves L2's RIP over the instruction that made the last exit, unless the exit was no instruction's own."""
        if not self.launched or self.vcpu.current_vmptr == INVALID_GPA:
            return
        reason, length, rip = (vmcs12.get(self.kvm, self.vcpu, field)
                               for field in (F.VM_EXIT_REASON, F.VM_EXIT_INSTRUCTION_LEN, F.GUEST_RIP))
        if reason in INSTRUCTION_EXITS and length:          # the length is nobody's behind an exit for an event
            self.player.inject(f"vmwrite GUEST_RIP, {rip + length:#x}")

    def _why_not(self) -> str:
        error = vmcs12.get(self.kvm, self.vcpu, F.VM_INSTRUCTION_ERROR)
        return f"the entry failed, VM-instruction error {error}" if self.level == 1 else "L2 does not exit on VMCALL"

    def warm_up(self, last_vpid: int) -> None:
        """One nested entry and exit of another L2, with this vpid12 (0: VPID off), so that `last_vpid` is real."""
        player = self.player
        values = vmcs12_values(player, self.setup)
        secondary = values[SECONDARY_BITS] & ~SEC_ENABLE_VPID | (SEC_ENABLE_VPID if last_vpid else 0)
        values |= {SECONDARY_BITS: secondary, F.VIRTUAL_PROCESSOR_ID: last_vpid}
        player.remark(f"an earlier L2 with vpid12 {last_vpid or 'off'}")
        player.vmcs12(binding.VMCS_B, values)
        player.inject(f"vmptrld {binding.VMCS_B:#x}")
        self.bring(2)
        self.bring(1)
        player.inject(f"vmptrld {binding.VMCS_A:#x}")

    def cache_roots(self) -> None:
        """Enter L2 once with each EPTP that KVM is to have a shadow of, the most recent one last."""
        symbols = symbols_of(self.setup)
        for name, ad in reversed(self.setup.layout.roots):
            self.player.inject(f"vmwrite EPT_POINTER, {symbols[name] | symbols['AD'] * ad:#x}")
            self.bring(2)
            self.bring(1)

    # -- addresses ----------------------------------------------------------------------------------------------

    def touch(self, gpa: int) -> int:
        """L2's linear address for one of its guest-physical ones, mapped there at the first call."""
        page = gpa & ~0xFFF
        if page not in self._linear:
            number = len(self._linear)
            linear = LINEAR_OF_GPA + number * GIB
            ept = self.eptp if uses_ept(self.setup) else None
            if ept is not None:
                self.player.map(EPT12, page, FRAME_OF_GPA + number * LARGE, root=ept)
            self.player.map(L2, linear, page, root=binding.L2_ROOT, eptp=ept)
            if self.setup.eptp_list:
                self.map_under_b(linear, page, FRAME_OF_GPA + number * LARGE)
            self._linear[page] = linear
        return self._linear[page] | gpa & 0xFFF

    def map_under_b(self, linear: int, page: int, frame: int) -> None:
        """The other EPT of the list: L2's tables as they are, and another frame behind the page; marks tell the two apart."""
        other = eptps_of_list(self.setup)["B"]
        for step in tables.walk(self.kvm, self.vcpu, L2, linear):
            self.player.map(EPT12, step.address & ~0xFFF, step.address & ~0xFFF, root=other)
        self.player.map(EPT12, page, frame + 0x1000, root=other)
        self.player.poke(frame, binding.MARK_A)
        self.player.poke(frame + 0x1000, binding.MARK_B)

    def map_for_l1(self, address: int) -> None:
        """Let L1 reach V, too: a case whose steps are L1's alone means L1's own tables."""
        leaf_of_v.lay_out(self.player, address, self.setup.layout.v)

    def frame_of(self, level: str, address: int) -> int | None:
        """Host-physical page that the tables name for a linear address now; None where they map nothing."""
        steps = tables.walk(self.kvm, self.vcpu, level, address)
        last = steps[-1]
        if not last.value & paging.P or last.level > 2 or (last.level == 2 and not last.value & paging.PS):
            return None
        size = paging.page_size(last.level)
        target = last.value & paging.ADDRESS & ~(size - 1) | address & (size - 1)
        gpa = tables.to_l1(self.kvm, self.vcpu, level, target, None)
        page = None if gpa is None else self.kvm.pages.get(gpa >> 12)
        return None if page is None else int(page)

    def about_to_change(self, level: str, address: int) -> None:
        """Remember what the tables name before an edit, for `translation: stale`."""
        frame = self.frame_of(level, address)
        if frame is not None:
            self._before[address & ~0xFFF] = frame

    def frames(self, level: str, addresses: list[int]) -> tuple[dict[int, int], dict[int, int]]:
        """(what the tables name now, what they named before the last edit) for the pages of these addresses."""
        pages = {address & ~0xFFF for address in addresses}
        now = {page: frame for page in pages if (frame := self.frame_of(level, page)) is not None}
        return now, {page: self._before[page] for page in pages if page in self._before}

    def _phrases(self) -> dict[str, Callable[[], int]]:
        eptps = eptps_of_list(self.setup) if self.setup.eptp_list else {}
        return {
            **{name: lambda eptp=eptp: eptp for name, eptp in eptps.items()},          # type: ignore[misc]
            "the shadow value": lambda: self.shadow_value,
            "highest index among the fields that VMREAD accepts": lambda: self.highest_index,
            **({"FA": lambda: binding.MARK_A, "FB": lambda: binding.MARK_B} if eptps else {}),
            "current EPTP": lambda: self.eptp, "bad memory type": lambda: self.eptp & ~7 | 2,
            "data page": lambda: binding.FRAME_OLD,
            "page of the PTE": lambda: self._table_page(1), "page that holds the guest PD for P1": lambda: self._table_page(2),
        }

    def _table_page(self, level: int) -> int:
        """L2's page that holds the entry of `level` for V, or for P1 where the case names P1.

        Looked up once: later the EPT may not map it any more.
        """
        if level not in self._table_pages:
            at, _ = self.player.entry(L2, self._linear.get(binding.GPA_P1, linear_v(self.setup)), level)
            self._table_pages[level] = at & ~0xFFF
        return self._table_pages[level]

