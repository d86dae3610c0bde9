"""Given / run / expect for the whole machine: a host with one VM, driven through the doors that everybody uses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kvmdbg.explore.schedule import next_action, run_until_waiting
from kvmdbg.machine.actions import Action, do, load_program
from kvmdbg.machine.boot import boot
from kvmdbg.machine.eras.versions import VERSIONS, kernel, missing_from
from kvmdbg.machine.hw import ept
from kvmdbg.machine.hw.controls import RFLAGS_CF, RFLAGS_ZF, SEC_ENABLE_VPID, SEC_SHADOW_VMCS
from kvmdbg.machine.hw.events import Accessed, Invalidated, VmEntered, VmExited
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.paging import ADDRESS
from kvmdbg.machine.hw.state import Caps, Cpu
from kvmdbg.machine.hw.vmcs import SHADOW_INDICATOR, VMCS_REVISION
from kvmdbg.machine.kvm import tables, vmcs12_template
from kvmdbg.machine.kvm.events import (
    Decided,
    ExceptionInjected,
    NestedFailed,
    NestedSucceeded,
    RequestCleared,
    RequestMade,
    RequestServiced,
)
from kvmdbg.machine.kvm.host_events import happen, parse_host_event
from kvmdbg.machine.kvm.state import GUEST_MMU, INVALID_PAGE, ROOT_MMU, Config, Kvm, Mmu, Vcpu

V4_3 = "v4.3"
V4_4 = "v4.4"
V6_12 = "v6.12"
KERNELS = tuple(version.name for version in VERSIONS if kernel(version.name).offers_ept_to_l1())     # where L1 has EPT: v4.3 on

VMXON_REGION = 0x3000
VMCS = 0x5000                 # two VMCS regions in L1's memory
OTHER_VMCS = 0x6000
EPT12 = 0x1_0000              # the root of L1's EPT for L2, and another one
OTHER_EPT12 = 0x1_8000
L2_CR3 = 0x4_0000             # L2 guest-physical
DATA = 0x6_0000               # the frame behind L2_PAGE: L2 guest-physical and L1 guest-physical
L1_PAGE = 0x40_0000           # linear addresses that are mapped
L2_PAGE = 0x80_0000
EPTP_BITS = 0x1E              # write-back, four levels

Events = list[Any]


def without(name: str, commit: str) -> str:
    """The kernel `name` as it is if it lacks the commit already, else with the commit reverted."""
    return name if commit in missing_from(name) else f"{name} -{commit}"


def since(first: str) -> tuple[str, ...]:
    """Of KERNELS, the releases from `first` on."""
    return KERNELS[KERNELS.index(first):]


class Machine:
    """One VM on one host, and the words of a test: given_*, run, and what is seen afterwards."""

    def __init__(self, name: str = V6_12, caps: Caps = Caps(), **config: Any) -> None:
        self.kvm: Kvm = boot(kernel(name), Config(**config), caps)

    @property
    def vcpu(self) -> Vcpu:
        return self.kvm.vcpus[0]

    @property
    def cpu(self) -> Cpu:
        return self.kvm.hw.cpus[0]

    @property
    def root_mmu(self) -> Mmu:
        return self.kvm.mmu_named(self.vcpu, ROOT_MMU)

    @property
    def guest_mmu(self) -> Mmu:
        return self.kvm.mmu_named(self.vcpu, GUEST_MMU)

    # -- given ------------------------------------------------------------------------------------------------------

    def given_vmx(self) -> Machine:
        """L1 is in VMX operation and has a page mapped at L1_PAGE."""
        tables.map_page(self.kvm, self.vcpu, "L1", L1_PAGE, L1_PAGE)
        self.poke(VMXON_REGION, VMCS_REVISION)
        self.run(f"vmxon {VMXON_REGION:#x}")
        return self

    def given_l2(self, vmcs: int = VMCS, vpid: int | None = 1, eptp: int | None = EPT12, cr3: int = L2_CR3,
                 **fields: int) -> Machine:
        """A VMCS region for an L2 that has a page at L2_PAGE, and the tables of it.

        vpid: None leaves VPID off; eptp: None leaves EPT off; fields by their Linux names go over everything.
        """
        values = {F.GUEST_CR3: cr3}
        if vpid is not None:
            values[F.VIRTUAL_PROCESSOR_ID] = vpid
        if eptp is not None:
            values[F.EPT_POINTER] = eptp
            for page in (cr3 & ADDRESS, DATA):
                self.map("ept12", page, page, root=eptp)
        values |= {getattr(F, name): value for name, value in fields.items()}
        vmcs12_template.prepare(self.kvm, self.vcpu, vmcs, values)
        self.map("L2", L2_PAGE, DATA, root=cr3, eptp=eptp)
        return self

    def map(self, level: str, address: int, target: int, **how: Any) -> None:
        tables.map_page(self.kvm, self.vcpu, level, address, target, **how)

    def set(self, level: str, address: int, value: int, **how: Any) -> Events:
        """Write one table entry; the events of it."""
        start = self.kvm.tape.cursor
        tables.set_entry(self.kvm, self.vcpu, level, address, value, **how)
        return self.since(start)

    def entry(self, level: str, address: int, table_level: int = 1, **how: Any) -> int:
        return tables.entry_of(self.kvm, self.vcpu, level, address, table_level, **how)[1]

    def poke(self, gpa: int, value: int) -> Events:
        start = self.kvm.tape.cursor
        tables.poke(self.kvm, self.vcpu, gpa, value)
        return self.since(start)

    # -- run --------------------------------------------------------------------------------------------------------

    def run(self, *texts: str) -> Events:
        """Let the guest execute the instructions and run until it waits; every event since."""
        start = self.kvm.tape.cursor
        for text in texts:
            load_program(self.kvm, 0, (parse_insn(text),), front=True)
            run_until_waiting(self.kvm, 0)
        return self.since(start)

    def host(self, text: str) -> Events:
        """Let something happen on the host; its events."""
        start = self.kvm.tape.cursor
        happen(self.kvm, parse_host_event(text, len(self.kvm.vcpus), 0))
        return self.since(start)

    def enter(self, vmcs: int = VMCS) -> Events:
        """VMCLEAR, VMPTRLD, VMLAUNCH; the events of the VMLAUNCH."""
        self.run(f"vmclear {vmcs:#x}", f"vmptrld {vmcs:#x}")
        return self.run("vmlaunch")

    def start(self) -> Machine:
        """VMX operation, one L2, and into it."""
        self.given_vmx().given_l2().enter()
        return self

    def step(self) -> tuple[str, Events]:
        """The next action: its name and its events."""
        action = next_action(self.kvm, 0)
        assert action is not None, "the vCPU has nothing to do"
        start = self.kvm.tape.cursor
        do(self.kvm, action)
        return action.name, self.since(start)

    def step_to(self, name: str) -> Events:
        """Actions until the next one is called `name`; the events of those."""
        start = self.kvm.tape.cursor
        run_until_waiting(self.kvm, 0, lambda done: next_action(self.kvm, 0) != Action(0, name))
        return self.since(start)

    def program(self, *texts: str) -> None:
        """Instructions for the guest, not yet executed."""
        load_program(self.kvm, 0, tuple(parse_insn(text) for text in texts), front=False)

    # -- expect -----------------------------------------------------------------------------------------------------

    def since(self, start: int) -> Events:
        return [event for _, event in self.kvm.tape.events(start)]

    def flags(self) -> str:
        """How the last VMX instruction ended, from the guest's RFLAGS."""
        rflags = self.cpu.rflags
        return "VMfailInvalid" if rflags & RFLAGS_CF else "VMfailValid" if rflags & RFLAGS_ZF else "VMsucceed"

    def vmcs02(self, encoding: int) -> int:
        """A field of vmcs02."""
        return int(self.kvm.hw.vmcs.get((self.vcpu.vmcs02, encoding), 0))

    def vmread(self, name: str) -> int:
        """A field of L1's current VMCS, as L1 itself reads it."""
        self.run(f"vmread {name}")
        return int(self.cpu.rax)

    def stat(self, name: str, vcpu: int = 0) -> int:
        """A statistic by v6.12's name, whatever this kernel calls it."""
        return int(self.kvm.stats.get((vcpu, self.kvm.era.statistic_name(name) or name), 0))

    def pending(self) -> list[str]:
        """Requests that are set, by name."""
        return sorted(name for name, bit in self.kvm.era.request_bits().items() if self.vcpu.requests >> bit & 1)

    def tag(self, mmu: str = ROOT_MMU) -> int:
        """EP4TA of an MMU's current root."""
        root = self.kvm.mmu_named(self.vcpu, mmu).root
        assert root.hpa != INVALID_PAGE, f"{mmu} has no root"
        return ept.ep4ta(root.hpa)

    def cached(self, kind: str, page: int) -> list[tuple[int, int]]:
        """(VPID, EP4TA) of each cached translation of a kind for a page."""
        return [(key.vpid, key.ep4ta) for key, _ in self.kvm.hw.tlb[0].items() if (key.kind, key.page) == (kind, page)]


def pointed(name: str = V6_12, vpid: int | None = 1, caps: Caps = Caps(), **config: Any) -> Machine:
    """L1 in VMX operation, VMCS is current and clear."""
    m = Machine(name, caps, **config).given_vmx().given_l2(vpid=vpid).given_l2(OTHER_VMCS, 2)
    m.run(f"vmclear {VMCS:#x}", f"vmclear {OTHER_VMCS:#x}", f"vmptrld {VMCS:#x}")
    return m


SHADOW_VMCS = 0x9000
VMREAD_BITMAP = 0xA000
VMWRITE_BITMAP = 0xB000


def shadowing(name: str = V6_12, link: int = SHADOW_VMCS, **fields: int) -> Machine:
    """L2 runs, without EPT12, with VMCS shadowing: neither bitmap asks for an exit, and L1 has made a shadow VMCS."""
    m = Machine(name).given_vmx()
    m.poke(SHADOW_VMCS, VMCS_REVISION | SHADOW_INDICATOR)
    m.given_l2(eptp=None, SECONDARY_VM_EXEC_CONTROL=SEC_ENABLE_VPID | SEC_SHADOW_VMCS, VMCS_LINK_POINTER=link,
               VMREAD_BITMAP=VMREAD_BITMAP, VMWRITE_BITMAP=VMWRITE_BITMAP, **fields)
    m.run(f"vmptrld {VMCS:#x}", "vmlaunch")
    return m


def two_l2s(name: str, first: int | None = 1, second: int | None = 2, **config: Any) -> Machine:
    """Two VMCSs under one EPT12; the first has been launched and has read its page; L1 runs."""
    m = Machine(name, **config).given_vmx().given_l2(VMCS, first).given_l2(OTHER_VMCS, second)
    m.run(f"vmclear {OTHER_VMCS:#x}")
    m.enter()
    m.run(f"load {L2_PAGE:#x}", "vmcall")
    return m


# -- filters -----------------------------------------------------------------------------------------------------------


def of(events: Iterable[Any], *kinds: type) -> Events:
    """The events of the given types."""
    return [event for event in events if isinstance(event, kinds)]


def names(events: Iterable[Any]) -> list[str]:
    """The types of events, in order."""
    return [type(event).__name__ for event in events]


def flush(event: Invalidated) -> str:
    """`invvpid single-context 2`, `invept single-context 0x100001`, `invept all-context`, `vm entry 0`."""
    words = [event.by, event.type]
    if event.vpid != -1:
        words.append(f"{event.vpid}")
    if event.ep4ta != -1:
        words.append(f"{event.ep4ta:#x}")
    if event.address != -1:
        words.append(f"@{event.address:#x}")
    return " ".join(word for word in words if word)


def flushes(events: Iterable[Any]) -> list[str]:
    """What INVVPID, INVEPT and VPID-0 transitions have invalidated, in order; see flush()."""
    return [flush(event) for event in of(events, Invalidated) if event.by in ("invvpid", "invept", "vm entry", "vm exit")]


def made(events: Iterable[Any]) -> list[str]:
    """Requests that were made, by name."""
    return [event.name for event in of(events, RequestMade)]


def served(events: Iterable[Any]) -> list[str]:
    """Requests that were served, by name, in the order of service."""
    return [event.name for event in of(events, RequestServiced)]


def cleared(events: Iterable[Any]) -> list[str]:
    return [event.name for event in of(events, RequestCleared)]


def decided(events: Iterable[Any], function: str) -> list[tuple[str, str]]:
    """(answer, values) of each decision of a kernel function."""
    return [(event.answer, event.values) for event in of(events, Decided) if event.function == function]


def results(events: Iterable[Any]) -> list[str]:
    """How L1's VMX instructions ended: `vmptrld ok`, `vmlaunch 7`."""
    return [f"{event.instruction} ok" if isinstance(event, NestedSucceeded) else f"{event.instruction} {event.error}"
            for event in of(events, NestedSucceeded, NestedFailed)]


def exits(events: Iterable[Any]) -> list[int]:
    """Basic reasons of the VM exits."""
    return [event.reason for event in of(events, VmExited)]


def entered(events: Iterable[Any]) -> list[int]:
    """VPIDs of the VM entries."""
    return [event.vpid for event in of(events, VmEntered)]


def values(events: Iterable[Any]) -> list[int]:
    """What loads, stores and fetches have read or written."""
    return [event.value for event in of(events, Accessed)]


def exceptions(events: Iterable[Any]) -> list[tuple[str, int]]:
    """Vector and address of each exception that KVM has injected."""
    return [(event.vector, event.address) for event in of(events, ExceptionInjected)]
