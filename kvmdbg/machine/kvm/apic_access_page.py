"""L1's own APIC-access page: the page behind gfn 0xfee00, in vmcs01 while the local APIC is in xAPIC mode (vmx.c, lapic.c, x86.c).

Theory of operation.  KVM gives the VM a memslot of one page there and its frame to the processor, which then makes a VM exit of
each access that uses a translation to it.  Two things change under translations that exist: the frame, when the memory manager
moves the page, and the control, when the guest changes the APIC's mode.  Each may owe a flush (kvm.md D, I-21).
"""

from __future__ import annotations

from typing import Final

from kvmdbg.errors import Unsupported
from kvmdbg.machine.hw.controls import SEC_VIRTUALIZE_APIC_ACCESSES
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.events import Decided, FlushAsked
from kvmdbg.machine.kvm.guest_memory import gfn_to_pfn
from kvmdbg.machine.kvm.kvm_host import kvm_make_all_cpus_request, kvm_make_request
from kvmdbg.machine.kvm.questions.flushes import EVERY_CONTEXT
from kvmdbg.machine.kvm.state import Kvm, Vcpu
from kvmdbg.machine.kvm.vmx_flush import vmx_flush_tlb, vmx_flush_tlb_current
from kvmdbg.machine.kvm.vmx_ops import read, write

NOBODY: Final = -1
APIC_DEFAULT_PHYS_BASE: Final = 0xFEE0_0000
APIC_GFN: Final = APIC_DEFAULT_PHYS_BASE >> 12
BSP: Final = 1 << 8                       # IA32_APIC_BASE (SDM Vol. 3A 12.4.4)
X2APIC_ENABLE: Final = 1 << 10
ENABLE: Final = 1 << 11
MODE: Final = ENABLE | X2APIC_ENABLE
RESET_VALUE: Final = APIC_DEFAULT_PHYS_BASE | ENABLE | BSP
RESERVED: Final = 0x2FF                   # with the bits above the width of physical addresses
NAMES: Final = {0: "disabled", ENABLE: "xAPIC", MODE: "x2APIC"}


def has_apic_access_page(kvm: Kvm, gfn: int) -> bool:
    """Is the frame number that of KVM's own memslot for the APIC?"""
    return kvm.config.apic_access_page and gfn == APIC_GFN


# -- the page moves ------------------------------------------------------------------------------------------------


def reset_apic_access_page(kvm: Kvm, vcpu: Vcpu) -> None:
    """The vCPU is created or reset: its VMCS gets the page, since v3.18 at its next entry (vmx.c: vmx_vcpu_reset())."""
    if not kvm.config.apic_access_page:
        return
    page = gfn_to_pfn(kvm, APIC_GFN)
    if not kvm.era.pins_the_apic_access_page():
        kvm_make_request(kvm, vcpu, "APIC_PAGE_RELOAD", "vmx_vcpu_reset")
    elif page is not None:
        kvm.hw.vmcs[kvm.vmcs01(vcpu), F.APIC_ACCESS_ADDR] = page


def kvm_arch_mmu_notifier_invalidate_range(kvm: Kvm, gfn: int) -> None:
    """The memory manager takes the frame of a page away: vmcs01 may name it (x86.c; mmu.c: kvm_unmap_gfn_range() since v6.5)."""
    if not has_apic_access_page(kvm, gfn):
        return
    tells = kvm.era.notifier_reloads_the_apic_access_page()
    early = kvm.era.apic_page_reload_comes_before_the_flush()
    function = "kvm_unmap_gfn_range" if early else "kvm_arch_mmu_notifier_invalidate_range"
    kvm.emit(Decided, NOBODY, function, "is the APIC-access page to be reloaded?",
             "yes: KVM_REQ_APIC_PAGE_RELOAD" if tells else "no",
             "it loses its frame" if tells else "invalidations of ranges are not looked at",
             "x86.c; mmu.c: kvm_unmap_gfn_range() since v6.5")
    if tells:
        kvm_make_all_cpus_request(kvm, "APIC_PAGE_RELOAD", function)


def kvm_vcpu_reload_apic_access_page(kvm: Kvm, vcpu: Vcpu) -> None:
    """Serve KVM_REQ_APIC_PAGE_RELOAD: the page's frame of now into the VMCS (x86.c; vmx.c: vmx_set_apic_access_page_addr())."""
    idle = idle_reason(kvm, vcpu)
    kvm.emit(Decided, vcpu.id, "vmx_set_apic_access_page_addr", "write APIC_ACCESS_ADDR?", "no" if idle else "yes",
             idle or "the frame may be another one", "vmx.c: vmx_set_apic_access_page_addr()")
    page = gfn_to_pfn(kvm, APIC_GFN)
    if idle or page is None:
        return
    write(kvm, vcpu, F.APIC_ACCESS_ADDR, page)
    without = why_no_flush(kvm)
    kvm.emit(Decided, vcpu.id, "vmx_set_apic_access_page_addr", "flush for the new address?", "no" if without else "yes",
             without or "a translation may miss the page", "vmx.c: vmx_set_apic_access_page_addr(); kvm.md I-21")
    if not without:
        flush(kvm, vcpu, "APIC-access page reload")


def idle_reason(kvm: Kvm, vcpu: Vcpu) -> str:
    """Why there is nothing to reload; "" when there is."""
    if not kvm.config.apic_access_page:
        return "no APIC-access page: flexpriority is off"
    if kvm.era.pins_the_apic_access_page():
        return "the page is pinned"
    control = read(kvm, vcpu, F.SECONDARY_VM_EXEC_CONTROL) & SEC_VIRTUALIZE_APIC_ACCESSES
    return "" if control or not kvm.era.apic_page_reload_needs_the_control() else '"virtualize APIC accesses" is 0'


def why_no_flush(kvm: Kvm) -> str:
    """Why writing the address flushes nothing; "" when it flushes."""
    if not kvm.era.apic_page_reload_flushes():
        return "who unmapped the page has flushed if it was mapped"
    if kvm.era.apic_access_flush_needs_ept() and not kvm.config.enable_ept:
        return "vmx_flush_tlb_ept_only() without EPT"
    return ""


def flush(kvm: Kvm, vcpu: Vcpu, by: str) -> None:
    """A flush on the spot: of the current context, before v5.8 by the one hook that there was."""
    current = kvm.era.flush_all_reach() == EVERY_CONTEXT
    kvm.emit(FlushAsked, vcpu.id, by, "vmx_flush_tlb_current" if current else "vmx_flush_tlb", "the APIC-access page changes")
    if current:
        vmx_flush_tlb_current(kvm, vcpu)
    else:
        vmx_flush_tlb(kvm, vcpu)


# -- the mode changes ----------------------------------------------------------------------------------------------


def kvm_get_apic_base(kvm: Kvm, vcpu: Vcpu) -> int:
    """IA32_APIC_BASE of the vCPU (lapic.h)."""
    return int(kvm.apic_base.get(vcpu.id, RESET_VALUE))


def kvm_set_apic_base(kvm: Kvm, vcpu: Vcpu, value: int) -> bool:
    """The guest writes IA32_APIC_BASE; False asks for #GP(0) (x86.c).

    raises: Unsupported for another address, and where KVM would do nothing but store the value.
    """
    old, new = kvm_get_apic_base(kvm, vcpu) & MODE, value & MODE
    if value & RESERVED or value >> kvm.hw.caps.maxphyaddr or new == X2APIC_ENABLE or (old, new) in ((MODE, ENABLE), (0, MODE)):
        return False
    if value & -0x1000 != APIC_DEFAULT_PHYS_BASE:
        raise Unsupported("a local APIC at another address is not modelled, nor does KVM support it", "Keep bits 12 and up.")
    if not kvm.era.virtual_apic_has_three_modes():
        raise Unsupported(f'{kvm.era.name} leaves "virtualize APIC accesses" as it is in every mode: this processor has no '
                          '"virtualize x2APIC mode"', "8d860bbeedef (v4.18) made the control follow the mode.")
    kvm_lapic_set_base(kvm, vcpu, value)
    return True


def kvm_lapic_set_base(kvm: Kvm, vcpu: Vcpu, value: int) -> None:
    """Store the register; another mode changes vmcs01 (lapic.c)."""
    changed = (kvm_get_apic_base(kvm, vcpu) ^ value) & MODE
    kvm.apic_base[vcpu.id] = value
    if changed:
        vmx_set_virtual_apic_mode(kvm, vcpu)


def vmx_set_virtual_apic_mode(kvm: Kvm, vcpu: Vcpu) -> None:
    """ "Virtualize APIC accesses" in xAPIC mode only; going there, translations from before could miss the page (vmx.c)."""
    mode = kvm_get_apic_base(kvm, vcpu) & MODE
    secondary = read(kvm, vcpu, F.SECONDARY_VM_EXEC_CONTROL) & ~SEC_VIRTUALIZE_APIC_ACCESSES
    requests = kvm.era.apic_mode_switch_makes_requests()
    how = "no" if mode != ENABLE else f"yes: KVM_REQ_{kvm.era.current_flush_request()}" if requests else "yes: now"
    kvm.emit(Decided, vcpu.id, "vmx_set_virtual_apic_mode", "flush for the APIC's new mode?", how, f"{NAMES[mode]} mode",
             "vmx.c: vmx_set_virtual_apic_mode(); kvm.md D")
    if mode == ENABLE:
        secondary |= SEC_VIRTUALIZE_APIC_ACCESSES
        if requests:
            kvm_make_request(kvm, vcpu, "APIC_PAGE_RELOAD", "vmx_set_virtual_apic_mode")
            kvm_make_request(kvm, vcpu, kvm.era.current_flush_request(), "vmx_set_virtual_apic_mode")
        else:
            flush(kvm, vcpu, "APIC mode")
    write(kvm, vcpu, F.SECONDARY_VM_EXEC_CONTROL, secondary)


def reset_apic_base(kvm: Kvm, vcpu: Vcpu) -> None:
    """User space resets the machine: IA32_APIC_BASE is as at power-on (KVM_SET_SREGS)."""
    if kvm_get_apic_base(kvm, vcpu) != RESET_VALUE:
        kvm_lapic_set_base(kvm, vcpu, RESET_VALUE)
