"""Given / run / expect for events: an L2 that L1 has just launched, and what is seen of the next rounds."""

from __future__ import annotations

from typing import Any

from kvm_support import EPT12, VMCS, Events, Machine, of
from kvmdbg.explore.schedule import next_action
from kvmdbg.machine.hw.controls import INTR_INFO_VALID, PIN_EXTERNAL_INTERRUPT_EXITING, PIN_NMI_EXITING, PIN_VIRTUAL_NMIS, RFLAGS_IF
from kvmdbg.machine.hw.events import Delivered, VmExited
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.events import EntryCancelled, EventInjected, ImmediateExitRequested, NestedExited
from kvmdbg.machine.kvm.vmx_ops import read, write

ALL = ("v3.1", "v3.2", "v4.3", "v4.4", "v4.15", "v5.7", "v5.8", "v5.10", "v5.13", "v5.14", "v5.16", "v6.12")
PIN = 0x16 | PIN_EXTERNAL_INTERRUPT_EXITING | PIN_NMI_EXITING | PIN_VIRTUAL_NMIS
INJECTED = INTR_INFO_VALID | 0x80        # L1 injects vector 0x80 with its VMLAUNCH
IF = 0x202
EXPECTED = (Delivered, VmExited, NestedExited, EventInjected, EntryCancelled, ImmediateExitRequested)


def given_l2(name: str, caps: dict[str, Any] | None = None, **fields: int) -> Machine:
    """L1 with an L2 whose vmcs12 exits for interrupts and NMIs; on kernels without nested EPT or VPID it has none."""
    m = Machine(name)
    if caps:
        m.kvm.hw.caps = m.kvm.hw.caps._replace(**caps)
    m.given_vmx()
    values = {"PIN_BASED_VM_EXEC_CONTROL": PIN, "GUEST_RFLAGS": IF} | fields
    era = m.kvm.era
    m.given_l2(vpid=1 if era.offers_vpid_to_l1(True) else None, eptp=EPT12 if era.offers_ept_to_l1() else None, **values)
    m.run(f"vmclear {VMCS:#x}", f"vmptrld {VMCS:#x}")
    return m


def launched(name: str, caps: dict[str, Any] | None = None, **fields: int) -> Machine:
    """As given_l2; L1's VMLAUNCH has just been handled: L2 must be entered, and nothing has been yet."""
    m = given_l2(name, caps, **fields)
    m.program("vmlaunch")
    m.step_to("handle_exit")
    m.step()
    assert m.vcpu.guest_mode and m.vcpu.nested_run_pending
    return m


def in_l2(name: str, **fields: int) -> Machine:
    """As given_l2, with L2 running."""
    m = given_l2(name, **fields)
    m.run("vmlaunch")
    assert m.vcpu.guest_mode
    return m


def interruptible(m: Machine) -> None:
    """The level that runs has IF set, whether the processor or the VMCS has its RFLAGS now."""
    m.cpu.rflags |= RFLAGS_IF
    write(m.kvm, m.vcpu, F.GUEST_RFLAGS, read(m.kvm, m.vcpu, F.GUEST_RFLAGS) | RFLAGS_IF)


def rounds(m: Machine) -> tuple[list[str], Events]:
    """Run until nothing can happen: the actions and the events."""
    start, names = m.kvm.tape.cursor, []
    while next_action(m.kvm, 0) is not None:
        names.append(m.step()[0])
    return names, m.since(start)


def story(events: Events) -> list[str]:
    """What became of events, in few words: `exit 1`, `L1 sees 1`, `deliver 0x80`, `inject 0x20`, `cancel`, `at once: self-IPI`."""
    said = []
    for event in of(events, *EXPECTED):
        match event:
            case Delivered():
                said.append(f"deliver {event.vector:#x}")
            case VmExited():
                said.append(f"exit {event.reason}")
            case NestedExited():
                said.append(f"L1 sees {event.reason}")
            case EventInjected():
                said.append(f"inject {event.vector:#x}{' again' if event.again else ''}")
            case EntryCancelled():
                said.append("cancel")
            case ImmediateExitRequested():
                said.append(f"at once: {event.by}")
    return said
