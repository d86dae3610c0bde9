"""host events."""

from __future__ import annotations

import pytest

from events_support import in_l2
from kvm_support import Machine, of
from kvmdbg.errors import Unsupported, UserError
from kvmdbg.machine.kvm.events import Ioctl
from kvmdbg.machine.kvm.host.events import assignment


@pytest.mark.parametrize(("text", "value"), [
    ("pending=#SS", ("pending", "#SS")), ("injected=gp", ("injected", "#GP")), ("pending=none", ("pending", "none")),
    ("error=0x10", ("error", 16)), ("triple_fault=1", ("triple_fault", True)), ("triple_fault=2", None), ("pending=#XX", None),
    ("mood=1", None), ("error", None)])
def test_operands(text: str, value: object) -> None:
    assert assignment(text) == value


def test_what_user_space_reads_and_writes() -> None:
    m = Machine()
    m.run("nop")
    assert [event.result for event in of(m.host("events"), Ioctl)] == ["nothing waits"]
    m.host("events pending=#SS error=0xdeadbeef nmi_masked=1 triple_fault=1")
    told = [event.result for event in of(m.host("events"), Ioctl)]
    assert told == ["pending #SS(0xdeadbeef), NMI masked, triple fault pending"]
    m.host("events injected=UD triple_fault=0 interrupt=0x31 shadow=1 nmi_pending=2 smi_pending=1")
    told = [event.result for event in of(m.host("events"), Ioctl)]
    assert told == ["injected #UD, shadow 1, 1 NMIs pending, NMI masked, SMI pending"], "one NMI while NMIs are masked"
    m.host("events injected=none")
    assert "injected" not in of(m.host("events"), Ioctl)[0].result


@pytest.mark.parametrize(("name", "text", "error"), [
    ("v6.12", "events pending=#SS injected=#GP", UserError), ("v6.12", "events error=1", UserError),
    ("v6.12", "events pending=#BP", Unsupported), ("v6.12", "events shadow=4", UserError),
    ("v6.12", "events pending=#GP error=0x100000000", UserError), ("v4.15", "events pending=#GP", UserError),
    ("v5.16", "events triple_fault=1", UserError), ("v3.2", "events smm=1", UserError)])
def test_what_is_refused_changes_nothing(name: str, text: str, error: type[Exception]) -> None:
    m = Machine(name)
    m.run("nop")
    end = m.kvm.tape.end
    with pytest.raises(error):
        m.host(text)
    assert m.kvm.tape.end == end


def test_in_l2_a_pending_exception_is_an_exit() -> None:
    m = in_l2("v6.12", EXCEPTION_BITMAP=1 << 12)
    m.host("events pending=SS")
    assert m.vcpu.todo[0] == "kvm_arch_vcpu_ioctl_run"
