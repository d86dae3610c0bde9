"""A file for the source pane of the golden screens."""


def vpid_sync_context(hw: object, cpu: int, vpid: int) -> None:
    """INVVPID single-context: forget what was cached under one VPID."""
    if vpid == 0:
        return
    invvpid(hw, cpu, SINGLE_CONTEXT, vpid, 0)


def vmx_flush_tlb_current(kvm: object, vcpu: object) -> None:
    """Flush what the current root could have cached."""
    if vcpu.root == INVALID_PAGE:
        return
    if enable_ept:
        ept_sync_context(kvm, construct_eptp(kvm, vcpu.root))
    else:
        vpid_sync_context(kvm.hw, vcpu.cpu, vmx_get_current_vpid(vcpu))
