"""kvmdbg: gdb for the part of Linux KVM that nobody can watch."""

__version__ = "0.1.0"
