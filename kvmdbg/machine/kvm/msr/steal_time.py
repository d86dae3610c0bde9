"""MSR_KVM_STEAL_TIME: where the guest wants its steal time (x86.c: kvm_set_msr_common())."""

from __future__ import annotations

from kvmdbg.machine.kvm.guest_msr import guest_msr
from kvmdbg.machine.kvm.steal_time import MSR_KVM_STEAL_TIME, set_steal_time

guest_msr(MSR_KVM_STEAL_TIME, "MSR_KVM_STEAL_TIME", source="x86.c: kvm_set_msr_common()", get=lambda kvm, vcpu: vcpu.steal_time,
          set=lambda kvm, vcpu, value, host_initiated: set_steal_time(kvm, vcpu, value))
