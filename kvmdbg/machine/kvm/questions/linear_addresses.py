"""57-bit linear addresses of guests: whether there are any, and where one is canonical (x86.c, nested.c)."""

from __future__ import annotations


class LinearAddressQuestions:
    """The newest kernel's answers."""

    def knows_la57(self) -> bool:
        """Is CR4.LA57 offered to guests where the processor has it? (fd8cb433734e)"""
        return True

    def keeps_la57_in_long_mode(self) -> bool:
        """Is an emulated change of CR4.LA57 in IA-32e mode #GP? (d74fcfc1f0ff)"""
        return True

    def allows_addresses_of_the_widest_paging(self) -> bool:
        """Are operands, MSRs and VMCS fields canonical to the width that CPUID offers? Else to that of CR4.LA57. (9245fd6b8531)"""
        return True
