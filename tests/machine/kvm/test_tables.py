"""Page tables of every level, edited and walked for the debugger's words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kvm_support import DATA, EPT12, KERNELS, L1_PAGE, L2_CR3, L2_PAGE, V6_12, VMCS, Machine, of, values
from kvmdbg.errors import UserError
from kvmdbg.machine.actions import enabled
from kvmdbg.machine.hw.controls import CR4_LA57, CR4_PAE, CR4_PSE, EFER_LMA, EFER_NXE
from kvmdbg.machine.hw.state import Caps
from kvmdbg.machine.kvm import tables
from kvmdbg.machine.kvm.events import GuestWrote


@pytest.mark.parametrize("address", [0, 0x1000, L1_PAGE, 0x1F_F000, 0x20_0000, 0x7FFF_FFFF_F000, 0xFFFF_8000_0000_0000])
def test_a_mapped_page_is_reached_by_the_processor(address: int) -> None:
    m = Machine()
    m.poke(0x77_7000, 5)
    m.map("L1", address, 0x77_7000)
    assert values(m.run(f"load {address:#x}")) == [5]


def test_each_new_table_gets_a_page_of_its_own() -> None:
    m = Machine()
    for address in (0, L1_PAGE, 0x4000_0000, 0x80_0000_0000):
        m.map("L1", address, L1_PAGE)
    found = [[step.value & ~0xFFF for step in tables.walk(m.kvm, m.vcpu, "L1", address)[:3]]
             for address in (0, L1_PAGE, 0x4000_0000, 0x80_0000_0000)]
    pages = {page for steps in found for page in steps}
    assert len(pages) == 3 + 1 + 2 + 3
    assert min(pages) == tables.POOL["L1"]


def test_mapping_twice_uses_the_same_tables() -> None:
    m = Machine()
    m.map("L1", L1_PAGE, L1_PAGE)
    pages = len(m.kvm.pages)
    m.map("L1", L1_PAGE, 0x77_7000, flags="r")
    assert len(m.kvm.pages) == pages
    assert m.entry("L1", L1_PAGE) == 0x77_7001 | 1 << 63


@pytest.mark.parametrize(("level", "flags", "entry"), [
    ("L1", None, 0x7007), ("L1", "rwx", 0x7003), ("L1", "r", 0x7001 | 1 << 63), ("L1", "rxg", 0x7101), ("L1", "r-x-", 0x7001),
    ("ept12", None, 0x7037), ("ept12", "r", 0x7031), ("ept12", "x", 0x7034), ("ept12", "", 0x7030)])
def test_flags(level: str, flags: str | None, entry: int) -> None:
    m = Machine()
    m.map(level, L1_PAGE, 0x7000, flags=flags, root=0x9000)
    assert m.entry(level, L1_PAGE, root=0x9000) == entry


@pytest.mark.parametrize(("level", "entry"), [("L1", 0x60_0087), ("ept12", 0x60_00B7)])
def test_a_2m_page_is_an_entry_of_level_2(level: str, entry: int) -> None:
    m = Machine()
    m.map(level, 0x40_0000, 0x60_0000, size=0x20_0000, root=0x9000)
    assert m.entry(level, 0x40_0000, table_level=2, root=0x9000) == entry
    steps = tables.walk(m.kvm, m.vcpu, level, 0x40_1234, root=0x9000)
    assert [(step.level, step.note) for step in steps][-1] == (2, "-> page 0x600000")
    with pytest.raises(UserError, match="by a 0x200000-byte page at level 2"):
        m.map(level, 0x40_0000, 0x7000, root=0x9000)


def test_l2_tables_lie_in_l2s_memory_and_get_mapped_in_ept12() -> None:
    m = Machine().given_vmx().given_l2()
    m.map("ept12", 0x2000_0000, 0x11_0000, root=EPT12)            # where L1 put the page of L2's first table
    steps = tables.walk(m.kvm, m.vcpu, "L2", L2_PAGE, root=L2_CR3, eptp=EPT12)
    assert steps[0].note == "-> table 0x20000000"
    assert steps[1].note == "not present"                         # L1 frame 0x110000 is empty
    m.map("ept12", 0x2000_0000, 0x2000_0000, root=EPT12)
    steps = tables.walk(m.kvm, m.vcpu, "L2", L2_PAGE, root=L2_CR3, eptp=EPT12)
    assert [step.note for step in steps][-1] == f"-> page {DATA:#x}"
    assert {step.structure for step in steps} == {"L2"}


def test_an_edit_is_an_event_with_old_and_new() -> None:
    m = Machine()
    m.map("L1", L1_PAGE, L1_PAGE)
    (event,) = of(m.set("L1", L1_PAGE, 0), GuestWrote)
    assert (event.level, event.old, event.new) == ("L1", L1_PAGE | 7, 0)
    assert of(m.poke(0x5000, 9), GuestWrote) == [GuestWrote("L1", 0x5000, 0, 9)]


@pytest.mark.parametrize("name", KERNELS)
def test_an_edit_of_a_pte_invalidates_nothing(name: str) -> None:
    m = Machine(name)
    m.map("L1", L1_PAGE, L1_PAGE)
    m.poke(0x77_7000, 5)
    m.run(f"load {L1_PAGE:#x}")
    m.set("L1", L1_PAGE, 0x77_7007)
    assert values(m.run(f"load {L1_PAGE:#x}")) == [0]
    m.run(f"invlpg {L1_PAGE:#x}")
    assert values(m.run(f"load {L1_PAGE:#x}")) == [5]


def test_roots_default_to_those_in_use() -> None:
    m = Machine(V6_12)
    assert tables.root_of(m.kvm, m.vcpu, "L1") == 0x1000
    m.start()
    assert [tables.root_of(m.kvm, m.vcpu, level) for level in tables.LEVELS] == [0x1000, L2_CR3, EPT12 | 0x1E]
    m.run("mov cr3, 0x48000")
    assert tables.root_of(m.kvm, m.vcpu, "L2") == 0x4_8000
    m.run("vmcall", "mov cr3, 0x7000")
    assert [tables.root_of(m.kvm, m.vcpu, level) for level in ("L1", "L2")] == [0x7000, 0x4_8000]


def test_roots_are_right_between_the_actions_too() -> None:
    m = Machine(V6_12).given_vmx().given_l2()
    m.run(f"vmptrld {VMCS:#x}")
    m.program("vmlaunch", "vmcall")
    found = set()
    while enabled(m.kvm):
        m.step()
        found.add(tuple(tables.root_of(m.kvm, m.vcpu, level) for level in ("L1", "L2")))
    assert found == {(0x1000, L2_CR3)}


def test_a_walk_ends_where_the_processors_would_and_says_why() -> None:
    m = Machine()
    m.map("L1", L1_PAGE, 0x4000_0000)
    assert [step.note for step in tables.walk(m.kvm, m.vcpu, "L1", L1_PAGE)][-1] == "-> page 0x40000000"
    assert [step.note for step in tables.walk(m.kvm, m.vcpu, "L1", 0x40_0000_0000 * 8)] == ["not present"]
    m.set("L1", L1_PAGE, 0x4000_0003, table_level=2)
    assert tables.walk(m.kvm, m.vcpu, "L1", L1_PAGE)[-1].note == "no memory there"
    assert tables.walk(m.kvm, m.vcpu, "L2", L2_PAGE, root=L2_CR3, eptp=EPT12)[0].note == "EPT12 does not map the table"


def test_a_walk_changes_nothing() -> None:
    m = Machine().start()
    end = m.kvm.tape.end
    tables.walk(m.kvm, m.vcpu, "L2", L2_PAGE)
    tables.walk(m.kvm, m.vcpu, "ept12", DATA)
    assert m.kvm.tape.end == end


@pytest.mark.parametrize(("how", "words"), [
    ({"level": "L3", "address": 0, "target": 0}, "no level 'L3'"),
    ({"level": "L2", "address": 0, "target": 0}, "L1 has no current VMCS"),
    ({"level": "ept12", "address": 0, "target": 0}, "L1 has no current VMCS"),
    ({"level": "L1", "address": 0x10, "target": 0}, "multiples of the page size"),
    ({"level": "L1", "address": 0, "target": 0x10}, "multiples of the page size"),
    ({"level": "L1", "address": 0x1000, "target": 0, "size": 0x20_0000}, "multiples of the page size"),
    ({"level": "L1", "address": 0, "target": 0, "size": 0x40_0000}, "no pages of 0x400000 bytes in L1's 4-level paging"),
    ({"level": "L1", "address": 0, "target": 0, "flags": "rq"}, "unknown flag 'q'"),
    ({"level": "ept12", "address": 0, "target": 0, "flags": "u", "root": 0x9000}, "unknown flag 'u'"),
    ({"level": "L1", "address": 0, "target": 0, "root": 0x7000_0000}, "no memory at L1 table address"),
    ({"level": "L2", "address": 0, "target": 0, "root": 0x9000, "eptp": 0xA000}, "no memory at L2 table address")])
def test_what_makes_no_sense_is_refused(how: dict[str, object], words: str) -> None:
    m = Machine().given_vmx()
    end = m.kvm.tape.end
    with pytest.raises(UserError, match=words):
        m.map(**how)  # type: ignore[arg-type]
    assert m.kvm.tape.end == end


def test_set_entry_needs_the_table_and_a_level() -> None:
    m = Machine()
    with pytest.raises(UserError, match="no level-3 table") as refusal:
        m.set("L1", L1_PAGE, 0)
    assert "map L1" in refusal.value.hint
    with pytest.raises(UserError, match="no table level 5"):
        m.set("L1", L1_PAGE, 0, table_level=5)
    m.set("L1", L1_PAGE, 0x7003, table_level=4)
    assert m.entry("L1", L1_PAGE, table_level=4) == 0x7003


def test_ept12_needs_a_vmcs_that_enables_it() -> None:
    m = Machine().given_vmx().given_l2(eptp=None)
    m.run(f"vmptrld {VMCS:#x}")
    with pytest.raises(UserError, match="does not enable EPT"):
        m.map("ept12", 0, 0)
    m.map("L2", 0x5000, 0x5000)


@pytest.mark.parametrize(("gpa", "words"), [(0x1001, "not a multiple of 8"), (0x4000_0000, "no memory at guest-physical")])
def test_poke_refuses_what_is_no_cell(gpa: int, words: str) -> None:
    with pytest.raises(UserError, match=words):
        Machine().poke(gpa, 1)


def test_a_small_machine_runs_out_of_room_for_tables() -> None:
    m = Machine(memory=0x10_0000)
    with pytest.raises(UserError, match="no room for page tables"):
        m.map("L1", L1_PAGE, 0x5000)


# -- other sizes and modes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("level", "entry"), [("L1", 0x4000_0087), ("ept12", 0x4000_00B7)])
def test_a_1g_page_is_an_entry_of_level_3(level: str, entry: int) -> None:
    m = Machine()
    m.map(level, 0x4000_0000, 0x4000_0000, size=0x4000_0000, root=0x9000)
    assert m.entry(level, 0x4000_0000, table_level=3, root=0x9000) == entry
    steps = tables.walk(m.kvm, m.vcpu, level, 0x4000_1234, root=0x9000)
    assert [(step.level, step.note) for step in steps][-1] == (3, "-> page 0x40000000")


def test_a_1g_page_is_reached_by_the_processor() -> None:
    m = Machine(memory=0x8000_0000)
    m.poke(0x4000_5000, 5)
    m.map("L1", 0x80_0000_0000, 0x4000_0000, size=0x4000_0000)
    assert values(m.run("load 0x8000005000")) == [5]


def test_without_1g_pages_none_can_be_mapped() -> None:
    m = Machine(caps=Caps(page_1g=False, ept_1g=False))
    for level in ("L1", "ept12"):
        with pytest.raises(UserError, match="no pages of 0x40000000 bytes") as refusal:
            m.map(level, 0, 0, size=0x4000_0000, root=0x9000)
        assert refusal.value.hint == "Use 4K or 2M."


def in_mode(cr4: int, efer: int) -> Machine:
    """An L1 whose registers choose another paging mode, as if it had booted in it."""
    m = Machine(caps=Caps(la57=True))
    m.vcpu.cr4, m.vcpu.efer = cr4, efer
    return m


def test_five_levels_have_a_table_more() -> None:
    m = in_mode(CR4_PAE | CR4_LA57, EFER_LMA | EFER_NXE)
    m.map("L1", 1 << 50 | L1_PAGE, L1_PAGE)
    steps = tables.walk(m.kvm, m.vcpu, "L1", 1 << 50 | L1_PAGE)
    assert [step.level for step in steps] == [5, 4, 3, 2, 1] and steps[-1].note == f"-> page {L1_PAGE:#x}"
    assert steps[0].address == 0x1000 + 8 * 4


def test_pae_tables_start_at_four_pdptes_without_rights() -> None:
    m = in_mode(CR4_PAE, EFER_NXE)
    m.map("L1", 0xC040_0000, L1_PAGE, root=0x9020)
    m.map("L1", 0x4000_0000, 0x60_0000, size=0x20_0000, root=0x9020)
    steps = tables.walk(m.kvm, m.vcpu, "L1", 0xC040_0000, root=0x9020)
    assert [(step.level, step.value & 0xFFF) for step in steps] == [(3, 1), (2, 7), (1, 7)]
    assert steps[0].address == 0x9038
    assert tables.walk(m.kvm, m.vcpu, "L1", 0x4000_0000, root=0x9020)[-1].note == "-> page 0x600000"
    assert tables.walk(m.kvm, m.vcpu, "L1", 0xC040_0000)[0].note == "not present (register)"
    with pytest.raises(UserError, match="no table level 4 in PAE paging"):
        m.set("L1", 0, 0, table_level=4)


def test_32_bit_tables_have_small_entries() -> None:
    m = in_mode(CR4_PSE, 0)
    m.map("L1", 0xC040_1000, L1_PAGE, flags="rwx")
    m.map("L1", 0xC040_0000, 0x50_0000, flags="rxu")
    steps = tables.walk(m.kvm, m.vcpu, "L1", 0xC040_1000)
    assert [(step.level, step.address & 0xFFF) for step in steps] == [(2, 4 * 0x301), (1, 4)]
    assert [m.entry("L1", 0xC040_0000 + 0x1000 * i) for i in (0, 1)] == [0x50_0005, L1_PAGE | 3]
    m.map("L1", 0x40_0000, 0x80_0000, size=0x40_0000)
    assert m.entry("L1", 0x40_0000, table_level=2) == 0x80_0087


@pytest.mark.parametrize(("word", "words"), [
    (lambda m: m.map("L1", 1 << 32, 0), "no address of 32-bit paging"),
    (lambda m: m.map("L1", 0, 1 << 32), "does not fit an entry"),
    (lambda m: m.map("L1", 0, 0, flags="rw"), "cannot take the right to execute"),
    (lambda m: m.set("L1", 0, 1 << 32, table_level=2), "does not fit an entry of 32-bit paging, which has 32 bits"),
    (lambda m: m.map("L1", 0, 0, size=0x20_0000), "no pages of 0x200000 bytes in L1's 32-bit paging"),
    (lambda m: m.set("L1", 0, 0, table_level=3), "no table level 3")])
def test_what_32_bit_paging_cannot_hold_is_refused(word: Callable[[Machine], object], words: str) -> None:
    m = in_mode(CR4_PSE, 0)
    end = m.kvm.tape.end
    with pytest.raises(UserError, match=words):
        word(m)
    assert m.kvm.tape.end == end


def test_the_mode_of_a_level_that_does_not_run_is_kept_in_its_vmcs() -> None:
    m = Machine().given_vmx().given_l2(VM_ENTRY_CONTROLS=1 << 15, GUEST_IA32_EFER=EFER_NXE)
    modes = [[tables.paging_of(m.kvm, m.vcpu, level).mode for level in ("L1", "L2")]]
    m.run(f"vmclear {VMCS:#x}", f"vmptrld {VMCS:#x}")
    modes.append([tables.paging_of(m.kvm, m.vcpu, level).mode for level in ("L1", "L2")])
    m.run("vmlaunch")
    modes.append([tables.paging_of(m.kvm, m.vcpu, level).mode for level in ("L1", "L2")])
    assert modes == [["4-level", "4-level"], ["4-level", "PAE"], ["4-level", "PAE"]]
    assert tables.pdptes_of(m.kvm, m.vcpu, "L1") == (0, 0, 0, 0)
