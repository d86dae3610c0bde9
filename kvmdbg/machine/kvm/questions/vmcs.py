"""L1's VMCSs: VMPTRLD, VMCLEAR, VMREAD, VMWRITE, and VMCS shadowing for its L2 (nested.c)."""

from __future__ import annotations

from kvmdbg.machine.hw.fields import FIELDS


class VmcsQuestions:
    """Mainline's answers, v6.12."""

    def vmcs12_has(self, encoding: int) -> bool:
        """Is the field a member of struct vmcs12, so that VMREAD and VMWRITE of L1 find it?  encoding: of the whole field."""
        field = FIELDS.get(encoding)
        return field is not None and field.in_vmcs12

    def computes_the_highest_index(self) -> bool:
        """Does L1 read the highest index of vmcs12 in IA32_VMX_VMCS_ENUM? Else that of the preemption timer. (ba1f82456ba8)"""
        return True

    def vmptrld_of_the_vmxon_region(self) -> int:
        """VM-instruction error of VMPTRLD of the VMXON region (cbf712792b6e)."""
        return 10

    def reads_an_unbacked_vmcs_as_ones(self) -> bool:
        """Does VMPTRLD of an address without memory find a wrong revision there, error 11? Else VMfailInvalid. (826c1362e79a)"""
        return True

    def vmclear_spares_the_vcpu(self) -> bool:
        """Is VMCLEAR of an address without memory like any other? Else the vCPU gets a triple fault. (587d7e72aedc)"""
        return True

    def vmwrite_reaches_read_only_fields(self) -> bool:
        """May L1 VMWRITE exit-information fields (IA32_VMX_MISC bit 29 as L1 reads it)?"""
        return True

    def vmwrite_looks_for_the_field_first(self) -> bool:
        """Is a field that vmcs12 lacks found before one that is read-only? (693e02cc2409)"""
        return True

    def vmwrite_needs_a_vmcs_first(self) -> bool:
        """Does VMWRITE of an L2 without shadow VMCS fail before its memory operand is read? (dd2d6042b7f4)"""
        return True

    def reports_an_operand_without_memory(self) -> bool:
        """Does an operand of a VMX instruction outside memory end KVM_RUN? Else L1 gets an empty #PF. (7a35e515a705)"""
        return True

    def vmread_notices_a_page_fault(self) -> bool:
        """Is VMREAD into memory that cannot be written a #PF? Else it succeeds, and nothing is written. (f7eea636c3d5)"""
        return True

    def drops_reserved_access_rights(self) -> bool:
        """Does VMWRITE of a segment's access rights drop their reserved bits, as some processors do? (b643780562af)"""
        return True

    def shadows_the_fields_of_v5_3(self) -> bool:
        """Does L0's own shadow VMCS hold the fields that vmcs_shadow_fields.h has listed since b643780562af?"""
        return True

    def offers_vmcs_shadowing_to_l1(self) -> bool:
        """Can L1 set "VMCS shadowing" in vmcs12 and make shadow VMCSs, whatever the processor offers? (a7cde481b6e8)"""
        return True
