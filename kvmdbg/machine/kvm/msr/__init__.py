"""One file for each register, or family of them, that KVM emulates. Each declares itself with `guest_msr`."""
