"""What Linux KVM does with the processor. Functions are named after the C functions that they model."""
