"""Machines that hold a VMCB."""

from __future__ import annotations

from dump_support import vmcb_log
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.hw.vmcb import vmcb_of
from kvmdbg.machine.kvm.state import Config
from kvmdbg.session.dumps.vmcb import vmcb_dumps
from kvmdbg.session.dumps.vmcb_machine import machine_with


def test_vcpu0_would_do_vmrun_next() -> None:
    made = machine_with(next(vmcb_dumps(vmcb_log(cr3=0x7000))), kernel("v6.12"), Config(), Caps(), False)
    block, vcpu = vmcb_of(made.kvm.hw), made.kvm.vcpus[0]
    assert block is not None and block["asid"] == 3 and vcpu.todo == ("svm_vcpu_run",) and vcpu.cr3 == 0x7000
    assert (made.caps.maxphyaddr, made.kvm.tape.end, made.printed) == (48, 0, frozenset())
