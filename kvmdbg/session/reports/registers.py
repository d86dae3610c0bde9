"""The registers of the processor that the vCPU is loaded on."""

from __future__ import annotations

from kvmdbg.machine.hw.controls import CR0_BITS, CR4_BITS, EFER_BITS, RFLAGS_BITS, names_of
from kvmdbg.machine.hw.state import NO_VMCS, VMX_NON_ROOT, Cpu
from kvmdbg.session.grid import CHANGED, Grid, Row, columns
from kvmdbg.session.report_view import View, current_vcpu, hexadecimal, runs, since_last_stop
from kvmdbg.session.reports import report

SHOWN = ("rip", "rsp", "rax", "rflags", "cr0", "cr2", "cr3", "cr4", "efer", "vmx", "current_vmcs", "vpid", "eptp")
BITS = {"rflags": RFLAGS_BITS, "cr0": CR0_BITS, "cr4": CR4_BITS, "efer": EFER_BITS}


@report("registers", title="Registers", aliases=("r", "regs"))
def registers(s: View) -> Grid:
    """The processor's registers as they are now: the guest's while it runs, else the host's.  * changed since the last stop."""
    vcpu = current_vcpu(s)
    cpu = s.kvm.hw.cpus[max(vcpu.cpu, 0)]
    changed = since_last_stop(s)
    rows = tuple(Row((name, text(cpu, name), meaning(cpu, name)), CHANGED if changed.has(cpu, name) else "", name,
                     "changed" if changed.has(cpu, name) else "") for name in SHOWN)
    running = runs(s.kvm, vcpu) if cpu.vmx == VMX_NON_ROOT else "L0"
    return Grid(f"Registers of cpu{cpu.id}, {running} runs", columns("register", "value>", "bits"), rows)


def text(cpu: Cpu, name: str) -> str:
    value = getattr(cpu, name)
    return value if isinstance(value, str) else hexadecimal(value, NO_VMCS)


def meaning(cpu: Cpu, name: str) -> str:
    """The set bits by name, for the registers that are made of bits."""
    return names_of(getattr(cpu, name), BITS[name]) if name in BITS else ""
