"""A machine that holds the VMCB of a dump: to look at and to check.  VMRUN itself is refused, as the model has no SVM."""

from __future__ import annotations

from kvmdbg.machine.boot import boot
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.hw.vmcb import make_vmcb
from kvmdbg.machine.kvm.era import Era
from kvmdbg.machine.kvm.state import Config
from kvmdbg.session.dumps.dump import Dump
from kvmdbg.session.dumps.vmcs_machine import Loaded

WIDTH = 48                       # of physical addresses on most processors with SVM


def machine_with(dump: Dump, era: Era, config: Config, caps: Caps, listening: bool) -> Loaded:
    """Boot a machine whose vcpu0 would do VMRUN of the dump's VMCB next."""
    caps = caps._replace(maxphyaddr=max(caps.maxphyaddr, WIDTH))
    kvm = boot(era, config, caps, listening=listening)
    recording, kvm.tape.recording = kvm.tape.recording, False
    table = make_vmcb(kvm.hw)
    for name, value in dump.values.items():
        table[name] = value
    vcpu = kvm.vcpus[0]
    for register in ("cr0", "cr3", "cr4", "efer", "rax"):
        setattr(vcpu, register, dump.values.get(register, getattr(vcpu, register)))
    vcpu.todo = ("svm_vcpu_run",)
    kvm.tape.recording = recording
    notes = (f"addresses are checked against {caps.maxphyaddr} bits (`machine maxphyaddr=52` before, for a wider processor)",
             "SVM is not modelled: `info vmcb` shows it, `check-entry` checks it, nothing runs")
    return Loaded(kvm, caps, notes, frozenset())
