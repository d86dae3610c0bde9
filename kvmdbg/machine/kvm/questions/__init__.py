"""What KVM's code asks its kernel: one file a subject, answered as the newest kernel (v6.12) does."""
