"""The questions that KVM's code asks its kernel, with the answers of the newest kernel: v6.12, and what is known beyond it.

A kernel is this class with the `Without` of every commit that it lacks stacked on it (machine/eras). Code never asks
for a version: it asks a question whose name says what differs. Answers are pure: they see values, never the machine.
The questions stand in `questions/`, a file a subject.
"""

from __future__ import annotations

from kvmdbg.machine.kvm.questions.address_spaces import AddressSpaceQuestions
from kvmdbg.machine.kvm.questions.apic_access import ApicAccessQuestions
from kvmdbg.machine.kvm.questions.control_registers import ControlRegisterQuestions
from kvmdbg.machine.kvm.questions.emulation import EmulationQuestions
from kvmdbg.machine.kvm.questions.flushes import FlushQuestions
from kvmdbg.machine.kvm.questions.injection import InjectionQuestions
from kvmdbg.machine.kvm.questions.linear_addresses import LinearAddressQuestions
from kvmdbg.machine.kvm.questions.memory import MemoryQuestions
from kvmdbg.machine.kvm.questions.msrs import MsrQuestions
from kvmdbg.machine.kvm.questions.nested import NestedQuestions
from kvmdbg.machine.kvm.questions.nested_state import NestedStateQuestions
from kvmdbg.machine.kvm.questions.requests import RequestQuestions
from kvmdbg.machine.kvm.questions.reset import ResetQuestions
from kvmdbg.machine.kvm.questions.roots import RootQuestions
from kvmdbg.machine.kvm.questions.statistics import StatisticsQuestions
from kvmdbg.machine.kvm.questions.steal_time import StealTimeQuestions
from kvmdbg.machine.kvm.questions.vmcs import VmcsQuestions
from kvmdbg.machine.kvm.questions.vmfunc import VmfuncQuestions


class Era(AddressSpaceQuestions, RequestQuestions, NestedQuestions, ControlRegisterQuestions, FlushQuestions, RootQuestions,
          InjectionQuestions, MemoryQuestions, StealTimeQuestions, StatisticsQuestions, NestedStateQuestions,
          VmfuncQuestions, VmcsQuestions, EmulationQuestions, LinearAddressQuestions, ResetQuestions, ApicAccessQuestions,
          MsrQuestions):
    """Every question, answered as the newest kernel does: v6.12, but for commits after it."""

    name: str = "v6.12"
