"""The machine before step 1: booted once for each different Setup, then rewound for every instance that needs it."""

from __future__ import annotations

from typing import Final, NamedTuple

from kvmdbg.errors import Unsupported, UserError
from kvmdbg.machine.boot import L1_CR3, boot
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw import controls, ept
from kvmdbg.machine.hw.controls import AR_DB, AR_L, CR4_OSXSAVE, RFLAGS_RESERVED1, SEC_ENABLE_VPID
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.vmcs import SHADOW_INDICATOR, VMCS_REVISION
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.state import Kvm
from kvmdbg.machine.kvm.vmcs12_template import defaults
from kvmdbg.machine.kvm.vmx import AR_CODE_64
from kvmdbg.machine.kvm.vpid import VMX_NR_VPIDS
from kvmdbg.session import machine_words
from kvmdbg.session.cases import binding, l2_scene, pae_guest
from kvmdbg.session.cases.control_names import CONTROLS, SECONDARY
from kvmdbg.session.cases.layout import lay_out
from kvmdbg.session.cases.player import EPT12, L1, L2, Place, Player
from kvmdbg.session.cases.setup import Setup

PCID_MASK: Final = 0xFFF
SECONDARY_BITS: Final = F.SECONDARY_VM_EXEC_CONTROL
DEFAULT_VPID12: Final = 1


class Base(NamedTuple):
    """A machine that stands before step 1."""

    setup: Setup
    player: Player
    place: Place


def prepare(setup: Setup) -> Base:
    """Boot a machine and let L1 get ready.  raises: Unsupported for a kernel or a processor that the model lacks."""
    player = Player(_boot(setup))
    _headlines(player, setup)
    player.run()
    lay_out(player, setup.layout)
    _lay_out(player, setup)
    for change in setup.registers:
        change_register(player, change)
    player.poke(binding.VMXON_REGION, VMCS_REVISION)
    if binding.SHADOW_VMCS in dict(setup.fields).values():
        player.poke(binding.SHADOW_VMCS, VMCS_REVISION | SHADOW_INDICATOR)
    values = vmcs12_values(player, setup)
    player.vmcs12(binding.VMCS_A, values | ({F.GUEST_RFLAGS: RFLAGS_RESERVED1} if setup.layout.launched else {}))
    if setup.vmx:
        player.inject(f"vmxon {binding.VMXON_REGION:#x}")
        player.inject(f"vmclear {binding.VMCS_A:#x}")
    if setup.vmx and setup.current_vmcs:
        player.inject(f"vmptrld {binding.VMCS_A:#x}")
    if setup.layout.launched:
        launch(player, values[F.GUEST_RFLAGS] if F.GUEST_RFLAGS in values else RFLAGS_RESERVED1)
    if setup.layout.l2_pae:
        pae_guest.lay_out(player, eptp_of(setup) if uses_ept(setup) else None,
                          eptps_of_list(setup)["B"] if setup.layout.pdpt_under_b else None)
    if setup.layout.l2_scene is not None:
        l2_scene.place_code(player, setup.layout.l2_scene, dict(setup.fields).get(F.GUEST_IDTR_LIMIT, l2_scene.IDT_LIMIT))
    if setup.vpid01 not in (-1, player.vcpu.vpid):
        raise Unsupported(f"vpid01 {setup.vpid01}: this machine gives L1 VPID {player.vcpu.vpid}")
    return Base(setup, player, player.place())


def launch(player: Player, rflags: int) -> None:
    """L2 runs and calls L1, which then gives it these RFLAGS."""
    for text in ("vmlaunch", "vmcall", f"vmwrite GUEST_RFLAGS, {rflags:#x}"):
        player.inject(text)


# -- boot --------------------------------------------------------------------------------------------------------------

def _boot(setup: Setup) -> Kvm:
    try:
        era = kernel(setup.kernel)
    except UserError:
        raise Unsupported(f"{setup.kernel}: this kernel is not modelled yet") from None
    config = setup.config
    if not setup.caps.vpid:
        config = config._replace(enable_vpid=False)        # vmx.c: hardware_setup() switches it off
    kvm = boot(_offering(era, setup.more_for_l1), config, setup.caps)
    kvm.tape.recording = False                             # what follows is part of how the machine was made
    if not setup.spare_vpids:
        _take_every_vpid(kvm)
    if setup.compatibility:
        kvm.hw.vmcs[kvm.vmcs01(kvm.vcpus[0]), F.GUEST_CS_AR_BYTES] = AR_CODE_64 & ~AR_L | AR_DB
    kvm.tape.recording = True
    return kvm


def _offering(era: Era, questions: tuple[str, ...]) -> Era:
    """The kernel with an L1 that is offered what no kernel offers it: these questions are answered with yes."""
    if not questions:
        return era
    more: Era = type("More", (type(era),), dict.fromkeys(questions, lambda self: True))()
    return more


def _take_every_vpid(kvm: Kvm) -> None:
    """Other VMs hold every VPID but this vCPU's vpid01: the next allocation gets 0, and so did one at its creation."""
    for number in range(1, VMX_NR_VPIDS):
        if number not in kvm.vpid_bitmap:
            kvm.vpid_bitmap[number] = "another VM"
    kvm.vcpus[0].vpid02 = 0


def _headlines(player: Player, setup: Setup) -> None:
    """The lines that choose the machine; what no word of the debugger can set is said as a remark."""
    player.lines.append(f"kernel {setup.kernel}")
    words = machine_words.changed(setup.config._replace(enable_vpid=setup.config.enable_vpid and setup.caps.vpid), setup.caps)
    if words:
        player.lines.append("machine " + " ".join(words))
    for question in setup.more_for_l1:
        player.remark(f"before #0: {question}() is answered with yes, which no kernel does")
    if not setup.spare_vpids:
        player.remark("before #0: every VPID but vpid01 is taken")
    if setup.compatibility:
        player.remark("before #0: L1 runs with CS.L = 0, CS.D = 1")


# -- memory ------------------------------------------------------------------------------------------------------------

def eptp_of(setup: Setup) -> int:
    """L1's EPT pointer for L2."""
    return binding.EPT_ROOT | ept.MEMTYPE_WB | ept.EPTP_WALK_LENGTH_4 | (ept.EPTP_AD if setup.ept_ad else 0)


def eptps_of_list(setup: Setup) -> dict[str, int]:
    """The EPTPs that a case with a list names."""
    first = eptp_of(setup)
    other = first & 0xFFF | binding.OTHER_EPT_ROOT
    return {"A": first, "B": other, "A|AD": first | ept.EPTP_AD, "B|AD": other | ept.EPTP_AD,
            "BADTYPE": other & ~ept.EPTP_MEMTYPE_MASK | 2, "BADWALK": other & ~ept.EPTP_WALK_LENGTH_MASK,
            "BADBITS": other | ept.EPTP_RESERVED, "BADWIDTH": other | 1 << setup.caps.maxphyaddr}


def symbols_of(setup: Setup) -> dict[str, int]:
    """Names whose meaning depends on the set-up: L1's tables, and EPTPs (`A`, `B`, `A|AD`) in a case about cached roots."""
    tables = {"PML4": binding.L1_ROOT if setup.layout.identity else L1_CR3, "PML5": binding.PML5}
    first = binding.EPT_ROOT | ept.MEMTYPE_WB | ept.EPTP_WALK_LENGTH_4
    names = {"A": first, "B": first & 0xFFF | binding.OTHER_EPT_ROOT, "AD": ept.EPTP_AD}
    scene = setup.layout.l2_scene
    places = {} if scene is None else {**l2_scene.PLACES, "D": l2_scene.handler_of(l2_scene.DEBUG), **dict(scene.places)}
    return {"V": linear_v(setup)} | tables | (names if setup.layout.roots else {}) | places


def linear_v(setup: Setup) -> int:
    """V: a linear address that L2's paging mode has."""
    return pae_guest.LINEAR_V if setup.layout.l2_pae else binding.LINEAR_V


def uses_ept(setup: Setup) -> bool:
    """Does L1 use EPT for L2?"""
    return dict(setup.controls).get(CONTROLS["enable_ept"], False)


def _lay_out(player: Player, setup: Setup) -> None:
    """What every case finds: L1's operand page, and V in L2's tables, with marks in the two frames that V may name."""
    if setup.operand_mapped:
        player.map(L1, binding.DESCRIPTOR, binding.DESCRIPTOR, setup.operand_flags)
    eptp = eptp_of(setup) if uses_ept(setup) else None
    if eptp is not None:
        for page in (binding.L2_ROOT, binding.FRAME_OLD, binding.FRAME_NEW):
            player.map(EPT12, page, page, root=eptp)
    if setup.layout.l2_scene is not None:
        l2_scene.prepare(player, setup.layout.l2_scene, binding.L2_ROOT, eptp)
    if not setup.layout.l2_pae:
        player.map(L2, binding.LINEAR_V, binding.FRAME_OLD, root=binding.L2_ROOT, eptp=eptp)
    for i, name in enumerate(setup.eptp_list):
        player.poke(binding.EPTP_LIST + 8 * i, eptps_of_list(setup)[name])
    player.poke(binding.FRAME_OLD, binding.MARK_OLD)
    player.poke(binding.FRAME_NEW, binding.MARK_NEW)


# -- registers and vmcs12 ------------------------------------------------------------------------------------------------

def change_register(player: Player, change: str) -> None:
    """`cr4 | PCIDE`, `cr4 &~ MCE`, `cr3 pcid 1`: read the register, change it, write it, on the level that runs."""
    register, how, what = change.split()
    player.inject("rdmsr IA32_EFER" if register == "efer" else f"mov rax, {register}")
    value = player.kvm.cpu(player.vcpu).rax
    if how == "pcid":
        new = value & ~PCID_MASK | int(what)
    else:
        bit = bit_of(register, what)
        new = {"|": value | bit, "&~": value & ~bit, "^": value ^ bit}[how]
    player.inject(f"wrmsr IA32_EFER, {new:#x}" if register == "efer" else f"mov {register}, {new:#x}")


def bit_of(register: str, name: str) -> int:
    """The bit of CR0, CR4 or EFER with that name.  raises: Unsupported when the model has none."""
    bit = getattr(controls, f"{register.upper()}_{name}", None)
    if bit is None:
        raise Unsupported(f"{register.upper()}.{name}: no bit of the model")
    return int(bit)


def osxsave(player: Player) -> dict[int, int]:
    """L2 has the CR4.OSXSAVE of L1, which is how kvm-unit-tests fills its VMCS; nothing where L1 has not set it."""
    bit = player.vcpu.cr4 & CR4_OSXSAVE
    values = defaults(player.kvm, player.vcpu) if bit else {}
    return {field: values[field] | bit for field in (F.GUEST_CR4, F.CR4_READ_SHADOW) if bit}


def vmcs12_values(player: Player, setup: Setup) -> dict[int, int]:
    """What L1 writes into the VMCS of an instance, beyond the defaults of the `vmcs12` word."""
    kvm, vcpu = player.kvm, player.vcpu
    values = {F.GUEST_CR3: binding.L2_ROOT, F.HOST_CR4: vcpu.cr4, SECONDARY_BITS: 0, F.EPT_POINTER: eptp_of(setup)}
    values |= osxsave(player)
    if setup.layout.l2_pae:
        values |= pae_guest.fields(defaults(kvm, vcpu)[F.VM_ENTRY_CONTROLS])
    if setup.layout.l2_scene is not None:
        values |= l2_scene.fields(setup.layout.l2_scene)
    base = defaults(kvm, vcpu) | values
    for control, on in setup.controls:
        old = values.get(control.field, base.get(control.field, 0))
        values[control.field] = old | control.bit if on else old & ~control.bit
    if values[SECONDARY_BITS]:
        values[SECONDARY.field] = values.get(SECONDARY.field, base[SECONDARY.field]) | SECONDARY.bit
    if values[SECONDARY_BITS] & SEC_ENABLE_VPID:
        values[F.VIRTUAL_PROCESSOR_ID] = DEFAULT_VPID12
    if dict(setup.controls).get(CONTROLS["use_tpr_shadow"]):
        values[F.VIRTUAL_APIC_PAGE_ADDR] = binding.VIRTUAL_APIC
    if dict(setup.controls).get(CONTROLS["use_msr_bitmaps"]):
        values[F.MSR_BITMAP] = binding.MSR_BITMAP
    if dict(setup.controls).get(CONTROLS["shadow_vmcs"]):
        values |= {F.VMREAD_BITMAP: binding.VMREAD_BITMAP, F.VMWRITE_BITMAP: binding.VMWRITE_BITMAP}
    if setup.eptp_list:
        values[F.EPTP_LIST_ADDRESS] = binding.EPTP_LIST
    return values | dict(setup.fields)
