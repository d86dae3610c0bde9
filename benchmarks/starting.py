"""How long whole processes take."""

from __future__ import annotations

from timing import SEED, Figure, process


def figures() -> list[Figure]:
    return [Figure("kvmdbg --help", process("--help"), "s", 0.15),
            Figure("kvmdbg run of the seed script on one kernel", process("run", "-k", "v4.4", str(SEED)), "s", 0.4),
            Figure("kvmdbg compare of the seed script on three kernels",
                   process("compare", str(SEED), "-k", "v4.3", "-k", "v4.4", "-k", "v6.12"), "s", None)]
