"""How kernels differ: one file a commit, and one table of versions."""
