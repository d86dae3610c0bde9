"""vmcs12: a copy in host memory since v4.8, L1's own page before."""

from __future__ import annotations

import pytest

from kvm_support import EPT12, EPTP_BITS, OTHER_VMCS, V4_3, V4_4, V6_12, VMCS, Machine, of, results
from kvmdbg.machine.hw.fields import FIELDS, F
from kvmdbg.machine.kvm import vmcs12
from kvmdbg.machine.kvm.events import RootAllocated
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest

CACHED = (V6_12, "v4.4 +4f2777bc9797")
IN_PLACE = (V4_3, V4_4, "v6.12 -4f2777bc9797")


def pointed(name: str) -> Machine:
    m = Machine(name).given_vmx().given_l2().given_l2(OTHER_VMCS, 2)
    m.run(f"vmptrld {VMCS:#x}")
    return m


@pytest.mark.parametrize("name", [*CACHED, *IN_PLACE])
def test_a_vmwrite_is_read_back(name: str) -> None:
    m = pointed(name)
    m.run("vmwrite GUEST_RSP, 0x1234")
    assert m.vmread("GUEST_RSP") == 0x1234


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place_a_vmwrite_is_in_l1s_memory_at_once(name: str) -> None:
    m = pointed(name)
    m.run("vmwrite GUEST_RSP, 0x1234")
    assert vmcs12.read_guest(m.kvm, VMCS, F.GUEST_RSP) == 0x1234
    assert len(m.kvm.cached_vmcs12) == 0


@pytest.mark.parametrize("name", [*CACHED, *IN_PLACE])
def test_a_current_vmcs12_outlives_its_memslot(name: str) -> None:
    """The copy is the host's; in place the page stays mapped from VMPTRLD on."""
    m = Machine(name).start()
    m.host("memslot delete 0")
    events = m.run("nop")
    assert [event.pgd for event in of(events, RootAllocated)] == [EPT12 | EPTP_BITS]
    vmcs12.put(m.kvm, m.vcpu, F.GUEST_RSP, 0x4321)
    assert vmcs12.get(m.kvm, m.vcpu, F.GUEST_RSP) == 0x4321


@pytest.mark.parametrize("name", CACHED)
@pytest.mark.parametrize("release", [f"vmclear {VMCS:#x}", f"vmptrld {OTHER_VMCS:#x}"])
def test_a_copy_is_written_back_when_it_is_released(name: str, release: str) -> None:
    m = pointed(name)
    m.run("vmwrite GUEST_RSP, 0x1234")
    assert vmcs12.read_guest(m.kvm, VMCS, F.GUEST_RSP) == 0x9_0000
    m.run(release)
    assert vmcs12.read_guest(m.kvm, VMCS, F.GUEST_RSP) == 0x1234


@pytest.mark.parametrize(("name", "seen"), [*((name, 0x9_0000) for name in CACHED), *((name, 0x77) for name in IN_PLACE)])
def test_what_l1_writes_to_the_page_itself(name: str, seen: int) -> None:
    """A store past VMWRITE: unseen by a kernel with a copy, believed by one without."""
    m = pointed(name)
    vmcs12.write_guest(m.kvm, VMCS, F.GUEST_RSP, 0x77)
    assert m.vmread("GUEST_RSP") == seen


@pytest.mark.parametrize("name", [V4_4, V6_12])
def test_two_regions_are_two_structures(name: str) -> None:
    m = pointed(name)
    assert m.vmread("VIRTUAL_PROCESSOR_ID") == 1
    m.run(f"vmptrld {OTHER_VMCS:#x}")
    assert m.vmread("VIRTUAL_PROCESSOR_ID") == 2


def test_members_do_not_overlap() -> None:
    taken: dict[int, int] = {}
    for field in vmcs12.MEMBERS:
        for byte in range(field.vmcs12_offset, field.vmcs12_offset + (field.width or 64) // 8):
            assert byte not in taken, f"{field.name} over {FIELDS[taken[byte]].name}"
            taken[byte] = field.encoding
    assert max(taken) < 0x1000
    assert not {0, 8} & set(taken)


@pytest.mark.parametrize("encoding", [F.VIRTUAL_PROCESSOR_ID, F.EPT_POINTER, F.VM_EXIT_REASON, F.GUEST_CR3, vmcs12.LAUNCH_STATE])
def test_the_structure_in_memory_keeps_each_field_to_itself(encoding: int) -> None:
    m = pointed(V6_12)
    before = {field.encoding: vmcs12.read_guest(m.kvm, VMCS, field.encoding) for field in vmcs12.MEMBERS}
    vmcs12.write_guest(m.kvm, VMCS, encoding, 0xFFFF_FFFF_FFFF_FFFF)
    after = {field.encoding: vmcs12.read_guest(m.kvm, VMCS, field.encoding) for field in vmcs12.MEMBERS}
    assert {field for field in after if after[field] != before[field]} <= {encoding}
    width = 32 if encoding == vmcs12.LAUNCH_STATE else FIELDS[encoding].width or 64
    assert vmcs12.read_guest(m.kvm, VMCS, encoding) == (1 << width) - 1


def test_a_region_outside_memory_reads_as_zeros_and_is_no_vmcs12() -> None:
    m = pointed(V6_12)
    assert vmcs12.read_guest(m.kvm, 0x7000_0000, F.GUEST_CR3) == 0
    vmcs12.write_guest(m.kvm, 0x7000_0000, F.GUEST_CR3, 5)
    assert not vmcs12.is_vmcs12(m.kvm, 0x7000_0000)
    assert vmcs12.is_vmcs12(m.kvm, VMCS)


def test_writing_zeros_to_a_page_never_touched_touches_nothing() -> None:
    m = pointed(V6_12)
    vmcs12.write_guest(m.kvm, 0x9_9000, F.GUEST_CR3, 0)
    assert 0x99 not in m.kvm.pages


@pytest.mark.parametrize(("encoding", "field"), [(F.GUEST_CR3, F.GUEST_CR3), (F.EPT_POINTER | 1, F.EPT_POINTER)])
def test_a_member_is_found_by_its_encoding_whole_or_high(encoding: int, field: int) -> None:
    found = vmcs12.member(encoding)
    assert found is not None
    assert found.encoding == field


def test_what_the_structure_lacks_is_no_member() -> None:
    assert vmcs12.member(0x7FFE) is None
    assert all(vmcs12.member(encoding) is None for encoding, field in FIELDS.items() if not field.in_vmcs12)


@pytest.mark.parametrize("name", [V4_4, V6_12])
def test_launch_state_is_part_of_the_structure(name: str) -> None:
    m = pointed(name)
    assert results(m.run("vmresume")) == ["vmresume 5"]
    m.run("vmlaunch", "vmcall")
    assert results(m.run("vmlaunch")) == ["vmlaunch 4"]
    m.run(f"vmptrld {OTHER_VMCS:#x}", f"vmptrld {VMCS:#x}", "vmresume")
    assert m.vcpu.guest_mode


def test_in_place_without_a_current_vmcs_everything_reads_0() -> None:
    m = Machine(V4_4).given_vmx()
    assert vmcs12.get(m.kvm, m.vcpu, F.VIRTUAL_PROCESSOR_ID) == 0
    assert kvm_read_guest(m.kvm, m.vcpu.current_vmptr) is None


@pytest.mark.parametrize("name", [V4_4, V6_12])
def test_a_field_that_the_structure_lacks_reads_as_0(name: str) -> None:
    m = pointed(name)
    m.poke(VMCS - 8, 0x7FFF_FFFF_FFFF_FFFF)
    assert vmcs12.get(m.kvm, m.vcpu, F.CR3_TARGET_VALUE0) == 0
