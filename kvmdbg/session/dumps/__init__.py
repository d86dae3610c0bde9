"""What people paste: dumps of a VMCS or a VMCB in a kernel's log.  One file a format; kernel_log.py is what they share."""
