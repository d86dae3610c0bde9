"""A machine whose L1 is about to launch the VMCS of a dump: the log is of KVM in L1, and what it could not enter is vmcs12 here.

L1 has executed VMXON, VMCLEAR and VMPTRLD, and stands in front of VMLAUNCH (`inject vmlaunch`).  Its memory reaches as far as the
addresses of the dump; there is nothing in it.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import ModelBug
from kvmdbg.explore.schedule import run_until_waiting
from kvmdbg.machine.actions import load_program
from kvmdbg.machine.boot import boot
from kvmdbg.machine.hw.fields import FIELDS, F
from kvmdbg.machine.hw.instructions import parse_insn
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm import tables, vmcs12
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.guest_memory import kvm_write_guest
from kvmdbg.machine.kvm.state import Config, Kvm
from kvmdbg.machine.kvm.vmcs12 import VMCS12_REVISION
from kvmdbg.machine.kvm.vmcs12_template import prepare
from kvmdbg.session.dumps.dump import Dump
from kvmdbg.session.dumps.vmcs import fields_of
from kvmdbg.session.dumps.vmcs_machine import AREAS, Loaded, msr_lists, offering, require_controls

ADDRESSES: Final = (F.HOST_CR3, F.EPT_POINTER, F.APIC_ACCESS_ADDR, F.VIRTUAL_APIC_PAGE_ADDR)    # in L1's memory
FIRST: Final = 0x3000            # what L1 itself needs lies from here on


def machine_of_l1(dump: Dump, era: Era, config: Config, caps: Caps, listening: bool) -> Loaded:
    """Boot a machine and let its L1 prepare the dump's VMCS.  raises: UserError for a dump without controls."""
    fields = fields_of(dump)
    require_controls(dump, fields)
    caps, notes = offering(caps, fields)
    reach = 1 << max(fields.get(field, 0) for field in ADDRESSES).bit_length()
    config = config._replace(nested=True, memory=min(max(config.memory, reach), 1 << caps.maxphyaddr))
    kvm = boot(era, config, caps, listening=listening)
    recording, kvm.tape.recording = kvm.tape.recording, False
    pages = free_pages(fields, 2 + len(dump.lists))
    lists, unknown = msr_lists(dump)
    lost = launch_in_sight(kvm, lists, fields, pages)
    kvm.tape.recording = recording
    more = [f"vmcs12 has no {', '.join(lost)}: left out"] if lost else []
    more += [f"L1 was given {config.memory >> 30} GiB of memory"] if config.memory > 0x4000_0000 else []
    return Loaded(kvm, caps, (*notes, *unknown, *more, "`inject vmlaunch` lets L1 launch it"), frozenset())


def free_pages(fields: dict[int, int], count: int) -> list[int]:
    """Addresses of pages that nothing in the dump names."""
    named = {value & ~0xFFF for value in fields.values()}
    return [page for page in range(FIRST, FIRST + 0x1000 * (count + len(named)), 0x1000) if page not in named][:count]


def launch_in_sight(kvm: Kvm, lists: dict[str, list[tuple[int, int]]], fields: dict[int, int], pages: list[int]) -> list[str]:
    """Everything that L1 does before VMLAUNCH.  Names of fields that vmcs12 does not have."""
    vmxon, region, *areas = pages
    vcpu = kvm.vcpus[0]
    run_until_waiting(kvm, 0)
    tables.poke(kvm, vcpu, vmxon, VMCS12_REVISION)
    execute(kvm, f"vmxon {vmxon:#x}")
    known = {encoding: value & FIELDS[encoding].mask for encoding, value in fields.items() if vmcs12.member(encoding) is not None}
    for (name, entries), area in zip(lists.items(), areas, strict=True):
        count, address = AREAS[name]
        known |= {count: len(entries), address: area}
        for at, (index, value) in enumerate(entries):
            kvm_write_guest(kvm, area + 16 * at, index)
            kvm_write_guest(kvm, area + 16 * at + 8, value)
    prepare(kvm, vcpu, region, {})
    for encoding, value in known.items():
        vmcs12.write_guest(kvm, region, encoding, value)
    execute(kvm, f"vmptrld {region:#x}")
    if vcpu.current_vmptr != region:
        raise ModelBug(f"L1 could not make the VMCS at {region:#x} current")
    return [FIELDS[encoding].name for encoding in fields if encoding not in known and fields[encoding]]


def execute(kvm: Kvm, instruction: str) -> None:
    """Let L1 execute one instruction."""
    load_program(kvm, 0, (parse_insn(instruction),), front=True)
    run_until_waiting(kvm, 0)
