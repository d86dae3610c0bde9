"""What a player says is what the debugger takes, and it can go back."""

from __future__ import annotations

import pytest

from casework import harness
from kvmdbg.errors import UserError
from kvmdbg.machine.hw.access import cpl
from kvmdbg.machine.hw.fields import F
from kvmdbg.machine.kvm.guest_memory import kvm_read_guest
from kvmdbg.session.cases.player import EPT12, L1, L2, LARGE


def test_each_word_is_written_down_as_the_debugger_takes_it() -> None:
    player = harness().player
    start = len(player.lines)
    player.remark("hello")
    player.poke(0x5000, 7)
    player.map(L1, 0x40_0000, 0x5000, "rw")
    player.map(L2, 0x40_0000, 0x20_0000, size=LARGE, root=0x30_0000, eptp=None)
    player.map(EPT12, 0x5000, 0x6000, root=0x40_001E)
    player.set_entry(L1, 0x40_0000, 0x6007)
    player.set_entry(L1, 0x40_0000, 0, 2)
    player.vmcs12(0x9000, {F.GUEST_CR3: 0x3000})
    player.inject("nop")
    assert player.lines[start:] == [
        "# hello", "poke 0x5000 0x7", "map L1 0x400000 0x5000 flags=rw", "map L2 0x400000 0x200000 size=2M cr3=0x300000",
        "map ept12 0x5000 0x6000 eptp=0x40001e", "pte L1 0x400000 0x6007", "pte L1 0x400000 0x0 level=2",
        "vmcs12 0x9000 GUEST_CR3=0x3000", "inject nop"]


def test_a_guest_can_change_its_privilege_level() -> None:
    player = harness().player
    cpu = player.kvm.cpu(player.vcpu)
    flat, start = cpu.descriptors, len(player.lines)
    player.privilege(0)
    assert player.lines[start:] == []
    player.privilege(3)
    assert cpl(cpu) == 3 and cpu.descriptors.cs.selector & 3 == 3
    assert player.lines[start:] == ["# the guest goes to CPL 3, which no word of the debugger does"]
    player.privilege(0)
    assert cpu.descriptors == flat


def test_going_back_forgets_what_came_after() -> None:
    player = harness().player
    place, digest = player.place(), player.kvm.tape.digest()
    player.poke(0x5000, 7)
    player.inject("mov cr3, 0x2000")
    assert player.kvm.tape.digest() != digest
    player.back(place)
    assert (player.place(), player.kvm.tape.digest(), player.kvm.tape.end) == (place, digest, place.position)
    assert kvm_read_guest(player.kvm, 0x5000) == 0


def test_a_guest_that_does_not_wait_takes_no_instruction() -> None:
    player = harness().player
    player.inject("hlt")
    with pytest.raises(UserError, match="`nop` cannot be executed: it is halted"):
        player.inject("nop")
    with pytest.raises(UserError, match="there is no instruction"):
        player.inject("frobnicate")


def test_entries_are_read_in_the_levels_own_space() -> None:
    player = harness().player
    player.map(L1, 0x40_0000, 0x5000)
    address, value = player.entry(L1, 0x40_0000)
    assert value & ~0xFFF == 0x5000 and kvm_read_guest(player.kvm, address) == value


def test_a_guest_can_load_a_segment() -> None:
    player = harness().player
    player.segment("fs", 0x1000, 1, False, True)
    fs = player.kvm.cpu(player.vcpu).descriptors.fs
    assert (fs.base, fs.limit, fs.ar & 0xF) == (0x1000, 1, 7)
    assert player.lines[-1] == "# the guest loads FS, which no word of the debugger does: base 0x1000, limit 0x1, expand-down"


def test_a_request_can_be_made_between_an_exit_and_its_handling() -> None:
    player = harness().player
    start, lines = player.position, len(player.lines)
    player.inject_with_request("cpuid", "TLB_FLUSH_CURRENT")
    names = [type(event).__name__ for _, event in player.kvm.tape.events(start)]
    assert names.index("VmExited") < names.index("RequestMade") < names.index("ExitHandled") < names.index("RequestServiced")
    assert player.lines[lines:] == ["tbreak vmexit", "inject cpuid", "goto end", "host request TLB_FLUSH_CURRENT", "continue"]
