"""Instructions behind the forced emulation prefix (vmx.c: handle_ud(), vmx_check_intercept(); emulate.c).

A module parameter of KVM's own tests: UD2 and the letters "kvm" let the emulator execute what follows.  Of L2 it must ask whether
L1 intercepts the instruction; what it then does has grown over the years.
"""

from __future__ import annotations

from typing import Final

from kvmdbg.machine.hw.controls import CPU_HLT_EXITING, CPU_PAUSE_EXITING, EXIT_REASON_HLT, EXIT_REASON_PAUSE
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.hw.insn.fep import PREFIX
from kvmdbg.machine.kvm import nested, vmcs12
from kvmdbg.machine.kvm.events import Decided
from kvmdbg.machine.kvm.state import HALTED, Kvm, Vcpu
from kvmdbg.machine.kvm.vmx import drop_instruction, skip_emulated_instruction
from kvmdbg.machine.kvm.vmx_ops import read, write
from kvmdbg.machine.kvm.x86 import kvm_queue_exception

NAME: Final = "fep-"
CONTINUE: Final = "X86EMUL_CONTINUE"
INTERCEPTED: Final = "X86EMUL_INTERCEPTED"
UNHANDLEABLE: Final = "X86EMUL_UNHANDLEABLE"
EXITS: Final = {"hlt": EXIT_REASON_HLT, "pause": EXIT_REASON_PAUSE}


def is_forced(kvm: Kvm, vcpu: Vcpu) -> bool:
    """Has #UD come from the prefix, and does KVM honour it?"""
    return kvm.config.force_emulation_prefix and kvm.era.has_forced_emulation() and vcpu.exit_insn.name.startswith(NAME)


def emulate_forced(kvm: Kvm, vcpu: Vcpu) -> None:
    """handle_ud(): RIP over the prefix, then the instruction itself."""
    name = vcpu.exit_insn.name.removeprefix(NAME)
    kvm.count(vcpu.id, "insn_emulation")
    answer = vmx_check_intercept(kvm, vcpu, name) if vcpu.guest_mode else CONTINUE
    if answer == CONTINUE:
        skip_emulated_instruction(kvm, vcpu)
        if name == "hlt":
            kvm.count(vcpu.id, "halt_exits")
            vcpu.mp_state = HALTED
        return
    write(kvm, vcpu, F.GUEST_RIP, read(kvm, vcpu, F.GUEST_RIP) + PREFIX)
    length = vcpu.exit_insn.length - PREFIX
    drop_instruction(vcpu)
    if answer == INTERCEPTED:
        nested.nested_vmx_vmexit(kvm, vcpu, EXITS[name], 0, 0)
        vmcs12.put(kvm, vcpu, F.VM_EXIT_INSTRUCTION_LEN, length)
    else:
        kvm_queue_exception(kvm, vcpu, "#UD")          # handle_emulation_failure(), with L2 active


def vmx_check_intercept(kvm: Kvm, vcpu: Vcpu, name: str) -> str:
    """Does L1 want this instruction of L2? X86EMUL_CONTINUE: no."""
    controls = vmcs12.get(kvm, vcpu, F.CPU_BASED_VM_EXEC_CONTROL)
    if name == "pause":
        wanted = bool(controls & CPU_PAUSE_EXITING) and kvm.era.emulator_knows_pause_exiting()
    elif name == "hlt":
        wanted = bool(controls & CPU_HLT_EXITING) or not kvm.era.emulates_hlt_of_l2()
    else:
        wanted = False
    answer = CONTINUE if not wanted else INTERCEPTED if kvm.era.emulator_makes_exits_of_l2() else UNHANDLEABLE
    kvm.emit(Decided, vcpu.id, "vmx_check_intercept", f"what becomes of L2's {name.upper()} in the emulator?", answer,
             f"vmcs12's primary controls {controls:#x}", "vmx.c: vmx_check_intercept()")
    return answer
