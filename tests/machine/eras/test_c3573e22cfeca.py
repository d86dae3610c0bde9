"""3573e22cfeca: the VMXON region is looked at."""

from __future__ import annotations

from kvm_support import VMCS, VMXON_REGION, Machine, results
from kvmdbg.machine.eras.versions import kernel
from kvmdbg.machine.kvm.state import INVALID_GPA


def test_the_question() -> None:
    assert [kernel(name).checks_the_vmxon_pointer() for name in ("v3.2", "v4.3")] == [False, True]


def test_any_region_will_do_and_is_forgotten() -> None:
    m = Machine("v3.2")
    assert results(m.run("vmxon 0x123")) == ["vmxon ok"]
    assert m.vcpu.vmxon_ptr == INVALID_GPA
    m = Machine("v3.2").given_vmx()
    m.given_l2(VMCS, vpid=None, eptp=None)
    assert results(m.run(f"vmclear {VMXON_REGION:#x}", f"vmptrld {VMXON_REGION:#x}")) == ["vmclear ok", "vmptrld ok"]


def test_it_is_refused_since() -> None:
    m = Machine("v4.3")
    assert results(m.run("vmxon 0x123")) == ["vmxon 0"]
