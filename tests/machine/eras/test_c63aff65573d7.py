"""63aff65573d7: vpid02 lives from VMXON to VMXOFF."""

from __future__ import annotations

from kvm_support import V4_4, VMXON_REGION, Machine
from kvmdbg.machine.eras.versions import kernel

AFTER = "v4.4 +63aff65573d7"


def test_the_question() -> None:
    assert [kernel(name).vpid02_lives_from_vmxon() for name in (V4_4, AFTER)] == [False, True]


def test_which_numbers_are_taken_when() -> None:
    """I-28."""
    found = {}
    for name in (V4_4, AFTER):
        m = Machine(name)
        steps = [list(m.kvm.vpid_bitmap)]
        m.given_vmx()
        for insn in ("nop", "vmxoff", f"vmxon {VMXON_REGION:#x}"):
            m.run(insn)
            steps.append(list(m.kvm.vpid_bitmap))
        found[name] = steps
    assert found == {V4_4: [[1, 2], [1, 2], [1], [1]], AFTER: [[1], [1, 2], [1], [1, 2]]}
