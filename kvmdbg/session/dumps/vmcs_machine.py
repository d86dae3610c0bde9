"""A machine that is about to enter its guest with the VMCS of a dump.

The dump's controls say how KVM was loaded (enable_ept, enable_vpid) and what the processor offers.  Its EPT pointer becomes the
root of EPT01, with nothing mapped yet, as a log has no memory.  What dump_vmcs() does not print is as on a machine that was just
booted.  vcpu0 stands in front of VMLAUNCH, so that the next step is the entry that the log is about.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from kvmdbg.errors import UserError
from kvmdbg.machine.boot import boot
from kvmdbg.machine.hw import controls as c
from kvmdbg.machine.hw import ept, memory, vmcs
from kvmdbg.machine.hw.beyond_model import Beyond, beyond
from kvmdbg.machine.hw.capabilities import control_caps
from kvmdbg.machine.hw.control_registers import cr4_offered
from kvmdbg.machine.hw.fields import FIELDS, F
from kvmdbg.machine.hw.msr_area import load_problem
from kvmdbg.machine.hw.msrs import BY_NUMBER
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.mmu import kvm_init_mmu
from kvmdbg.machine.kvm.shadow import describe
from kvmdbg.machine.kvm.state import IN_GUEST_MODE, Config, Kvm, Root, ShadowKey, ShadowPage, Vcpu
from kvmdbg.session.dumps.dump import Dump
from kvmdbg.session.dumps.vmcs import AUTOLOAD, EFFECTIVE, ENTRY_LOAD, EXIT_LOAD, EXIT_STORE, fields_of
from kvmdbg.session.machine_words import spell

WORDS: Final = (F.PIN_BASED_VM_EXEC_CONTROL, F.CPU_BASED_VM_EXEC_CONTROL, F.SECONDARY_VM_EXEC_CONTROL, F.VM_EXIT_CONTROLS,
                F.VM_ENTRY_CONTROLS)
HOST_ADDRESSES: Final = (F.HOST_CR3, F.EPT_POINTER, F.APIC_ACCESS_ADDR, F.VIRTUAL_APIC_PAGE_ADDR)    # of a processor that has them
AREAS: Final = {ENTRY_LOAD: (F.VM_ENTRY_MSR_LOAD_COUNT, F.VM_ENTRY_MSR_LOAD_ADDR),
                EXIT_STORE: (F.VM_EXIT_MSR_STORE_COUNT, F.VM_EXIT_MSR_STORE_ADDR),
                EXIT_LOAD: (F.VM_EXIT_MSR_LOAD_COUNT, F.VM_EXIT_MSR_LOAD_ADDR)}


class Loaded(NamedTuple):
    """A machine made from a dump."""

    kvm: Kvm
    caps: Caps
    notes: tuple[str, ...]               # what was chosen, and what could not be
    printed: frozenset[int]              # encodings of the fields that the dump has


def machine_from(dump: Dump, era: Era, config: Config, caps: Caps, listening: bool) -> Loaded:
    """Boot a machine and give its vcpu0 the dump's VMCS.  config, caps: what the dump leaves open.

    raises: UserError for a dump without controls, which nothing can be made of.
    """
    fields = fields_of(dump)
    require_controls(dump, fields)
    config, notes = configured(config, fields)
    caps, more = capable(caps, fields)
    kvm = boot(era, config, caps, listening=listening)
    recording, kvm.tape.recording = kvm.tape.recording, False
    vcpu = kvm.vcpus[0]
    for encoding, value in fields.items():
        put(kvm, vcpu, encoding, value)
    become_the_guest(kvm, vcpu, dump)
    root = root_of(kvm, vcpu)
    lists, unknown = msr_lists(dump)
    fill_areas(kvm, vcpu, lists)
    kvm.tape.recording = recording
    return Loaded(kvm, caps, (*notes, *more, *unknown, root), frozenset(fields))


def require_controls(dump: Dump, fields: dict[int, int]) -> None:
    """raises: UserError for a dump that was cut off before the controls."""
    if F.CPU_BASED_VM_EXEC_CONTROL not in fields or F.PIN_BASED_VM_EXEC_CONTROL not in fields:
        raise UserError(f"the dump that begins on line {dump.first} has no control state",
                        "Paste it whole, down to the line of the virtual processor ID.")


# -- what the dump says of its machine -------------------------------------------------------------------------------------


def secondary_of(fields: dict[int, int]) -> int:
    active = fields[F.CPU_BASED_VM_EXEC_CONTROL] & c.CPU_SECONDARY_CONTROLS
    return fields.get(F.SECONDARY_VM_EXEC_CONTROL, 0) if active else 0


def configured(config: Config, fields: dict[int, int]) -> tuple[Config, list[str]]:
    """Module parameters as the controls show them."""
    secondary = secondary_of(fields)
    wanted = {"enable_ept": bool(secondary & c.SEC_ENABLE_EPT), "enable_vpid": bool(secondary & c.SEC_ENABLE_VPID)}
    said = [f"{name}={int(value)}, as the secondary controls say" for name, value in wanted.items()
            if value != getattr(config, name)]
    return Config(**config._asdict() | wanted | {"apic_access_page": False}), said


def capable(caps: Caps, fields: dict[int, int]) -> tuple[Caps, list[str]]:
    """The processor of the dump: besides what it offers, whether it has EPT's A/D flags and "unrestricted guest"."""
    if fields.get(F.EPT_POINTER, 0) and not fields[F.EPT_POINTER] & ept.EPTP_AD:
        caps = caps._replace(ept_ad=False)
    if secondary_of(fields) & c.SEC_ENABLE_EPT:
        caps = caps._replace(unrestricted_guest=bool(secondary_of(fields) & c.SEC_UNRESTRICTED_GUEST))
    return offering(caps, fields)


def offering(caps: Caps, fields: dict[int, int]) -> tuple[Caps, list[str]]:
    """A processor that offers what the dump's controls and host state use, as the real one did."""
    before = caps
    widest = max(fields.get(field, 0).bit_length() for field in HOST_ADDRESSES)
    caps = caps._replace(maxphyaddr=max(caps.maxphyaddr, min(widest, 52)))
    for name, default in Caps._field_defaults.items():
        with_it = Caps(**caps._asdict() | {name: True}) if default is False else caps
        if bits(lacked(with_it, fields)) < bits(lacked(caps, fields)):
            caps = with_it
    rest = lacked(caps, fields)
    if any(rest):
        caps = caps._replace(beyond_model=tuple(old | new for old, new in zip(beyond(caps), rest, strict=True)))
    changed = [f"{name}={spell(value)}" for name, value in caps._asdict().items() if value != getattr(before, name)]
    return caps, [f"the processor was given: {', '.join(changed)}"] if changed else []


def bits(found: Beyond) -> int:
    """How many there are."""
    return sum(word.bit_count() for word in found)


def lacked(caps: Caps, fields: dict[int, int]) -> Beyond:
    """Bits that a dump has set and a processor does not offer.

    Of the host's CR4 all bits must be offered; those of the guest's that the host does not have may well be what is wrong.
    """
    offered = control_caps(caps)
    words = (offered.pin, offered.cpu, offered.sec, offered.exit, offered.entry)
    found = (fields.get(field, 0) & ~word.allowed_1 for field, word in zip(WORDS, words, strict=True))
    return Beyond(*found)._replace(cr4=fields.get(F.HOST_CR4, 0) & ~cr4_offered(caps))


# -- the state -------------------------------------------------------------------------------------------------------------


def msr_lists(dump: Dump) -> tuple[dict[str, list[tuple[int, int]]], list[str]]:
    """The lists without the registers that the model does not keep, as the real processor has them; what was left out, in words."""
    def known(number: int) -> bool:
        return number in BY_NUMBER or bool(load_problem(number, 0))

    lists = {name: [entry for entry in entries if known(entry[0])] for name, entries in dump.lists.items()}
    lost = sorted({hex(number) for entries in dump.lists.values() for number, _ in entries if not known(number)})
    return lists, [f"MSRs that the model does not keep, left out of the lists: {', '.join(lost)}"] if lost else []


def fill_areas(kvm: Kvm, vcpu: Vcpu, lists: dict[str, list[tuple[int, int]]]) -> None:
    """Lists of MSRs into memory, and where they are into vmcs01."""
    for name, entries in lists.items():
        count, address = AREAS[name]
        area = memory.alloc_frame(kvm.hw, f"MSR area: {name}")
        for at, (index, value) in enumerate(entries):
            memory.write64(kvm.hw, area + 16 * at, index)
            memory.write64(kvm.hw, area + 16 * at + 8, value)
        put(kvm, vcpu, count, len(entries))
        put(kvm, vcpu, address, area)


def put(kvm: Kvm, vcpu: Vcpu, encoding: int, value: int) -> None:
    key, value = (kvm.vmcs01(vcpu), encoding), value & FIELDS[encoding].mask
    if value:
        kvm.hw.vmcs[key] = value
    elif key in kvm.hw.vmcs:
        del kvm.hw.vmcs[key]


def become_the_guest(kvm: Kvm, vcpu: Vcpu, dump: Dump) -> None:
    """What KVM knows of a guest with such a VMCS, and vcpu0 with interrupts off in front of vmx_vcpu_run()."""
    def field(encoding: int) -> int:
        return vmcs.peek(kvm.hw, kvm.vmcs01(vcpu), encoding)

    for register, actual, shadow, mask in (("cr0", F.GUEST_CR0, F.CR0_READ_SHADOW, F.CR0_GUEST_HOST_MASK),
                                           ("cr4", F.GUEST_CR4, F.CR4_READ_SHADOW, F.CR4_GUEST_HOST_MASK)):
        setattr(vcpu, register, field(actual) & ~field(mask) | field(shadow) & field(mask))
    if kvm.config.enable_ept:
        vcpu.cr3 = field(F.GUEST_CR3)
        vcpu.pdptrs = field(F.GUEST_PDPTR0), field(F.GUEST_PDPTR1), field(F.GUEST_PDPTR2), field(F.GUEST_PDPTR3)
    vcpu.efer = dump.values.get(EFFECTIVE, dump.values.get(AUTOLOAD, field(F.GUEST_IA32_EFER)))
    take_vpid(kvm, vcpu, field(F.VIRTUAL_PROCESSOR_ID))
    kvm_init_mmu(kvm, vcpu)
    vmcs.load(kvm.hw, kvm.hw.cpus[0], kvm.vmcs01(vcpu))
    vcpu.cpu = vcpu.vmcs01_cpu = 0
    vcpu.mode = IN_GUEST_MODE
    vcpu.todo = ("vmenter",)


def take_vpid(kvm: Kvm, vcpu: Vcpu, vpid: int) -> None:
    """vpid01 is what the dump says; a vpid02 that has that number takes the one that is free now."""
    if not kvm.config.enable_vpid or vpid == vcpu.vpid:
        return
    owners = dict(kvm.vpid_bitmap.items())
    owner = owners.pop(vcpu.vpid, f"{vcpu.name} vpid01")
    if vcpu.vpid02 == vpid and vpid:
        owners[vcpu.vpid] = owners.pop(vpid)
        vcpu.vpid02 = vcpu.vpid
    for number in tuple(kvm.vpid_bitmap):
        del kvm.vpid_bitmap[number]
    vcpu.vpid = vpid
    for number, whose in (owners | ({vpid: owner} if vpid else {})).items():
        kvm.vpid_bitmap[number] = whose


def root_of(kvm: Kvm, vcpu: Vcpu) -> str:
    """Make the frame that the VMCS names the root of EPT01, or of the shadow page tables; in words, also if it could not be."""
    mmu = kvm.mmu(vcpu)
    encoding = F.EPT_POINTER if kvm.config.enable_ept else F.GUEST_CR3
    frame = vmcs.peek(kvm.hw, kvm.vmcs01(vcpu), encoding) & ept.ADDRESS
    taken = frame in kvm.hw.frames or frame in kvm.hw.launch_state or any(
        frame <= address < frame + memory.FRAME for address, _ in kvm.hw.memory.unordered())
    usable = frame and not frame >> kvm.hw.caps.maxphyaddr and not taken
    if mmu.role.kind in ("direct", "paging64"):
        frame = frame if usable else memory.alloc_frame(kvm.hw, "root")
        direct = mmu.role.kind == "direct"
        key = ShadowKey(mmu.role, direct, 4, 0 if direct else (vcpu.cr3 & ept.ADDRESS) >> 12)
        kvm.hw.frames[frame] = describe(key)
        kvm.shadow_pages[key] = ShadowPage(frame, unsync=False)
        mmu.root = Root(0 if direct else vcpu.cr3, frame, mmu.role)
    name = FIELDS[encoding].name
    return (f"{name} names an empty table: a log has no memory, so what the guest touches is mapped to empty pages" if usable else
            f"{name} cannot name KVM's root here, so the guest cannot go on behind its first fault")
