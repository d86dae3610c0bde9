"""Model-specific registers of guests, the MSR lists of vmcs12, and the bits of CPUID that follow CR4."""

from __future__ import annotations


class MsrQuestions:
    """Mainline's answers, v6.12."""

    def emulates_tsc_adjust(self) -> bool:
        """Has a guest IA32_TSC_ADJUST? (ba904635d498)"""
        return True

    def emulates_feature_control(self) -> bool:
        """Can a guest write IA32_FEATURE_CONTROL, and does VMXON look at it? Else it reads 0. (b3897a49e22f)"""
        return True

    def checks_feature_control_bits(self) -> bool:
        """Is a bit that the guest's processor does not have #GP there? (37e4c997dadf)"""
        return True

    def emulates_msr_lists(self) -> bool:
        """Does KVM load and store the MSR lists of vmcs12? Else any list is a bad control. (ff651cb613b4)"""
        return True

    def limits_msr_lists(self) -> bool:
        """Is an entry behind the limit of IA32_VMX_MISC a bad one? (f0b5105af6df)"""
        return True

    def stores_the_tsc_of_l1(self) -> bool:
        """Is the counter in a VM-exit MSR-store list that of L1, without the TSC offset of vmcs12? (e79f245ddec1)"""
        return True

    def refuses_entry_behind_mov_ss(self) -> bool:
        """Is VMLAUNCH or VMRESUME in the shadow of MOV SS VMfail 26? (b3f1dfb6e818)"""
        return True

    def set_cr4_updates_cpuid(self) -> bool:
        """Does CPUID.OSXSAVE follow CR4 at nested entry and exit as at MOV CR4? (2259c17f0188)"""
        return True

    def nested_exit_updates_cpuid(self) -> bool:
        """Is host CR4 of vmcs12 set as MOV CR4 does, CPUID.OSXSAVE with it? (before 8eb3f87d9031)"""
        return False
