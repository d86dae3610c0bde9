"""The kernel of a session, and the kernels and commits that there are."""

from __future__ import annotations

from kvmdbg.machine.eras.commit import COMMITS
from kvmdbg.machine.eras.versions import commit_named, commits_named, kernel, missing_from
from kvmdbg.session.kernels import commit_in_full, commits_grid, kernel_in_full, versions_grid
from kvmdbg.session.report_view import View
from kvmdbg.session.reports import report
from kvmdbg.session.results import Many


@report("kernel", title="Kernel")
def kernel_(s: View, argument: str = "") -> Many:
    """The kernel: what it lacks, how it answers each question, and which commit decides that; `info kernel v4.3` another one."""
    return kernel_in_full(kernel(argument) if argument else s.kvm.era)


@report("kernels", title="Kernels", aliases=("commits",))
def kernels(s: View, argument: str = "") -> Many:
    """The versions and commits that are modelled, > the present one, - a commit that it lacks; `info kernels HASH` one in full."""
    if argument:
        return commit_in_full(COMMITS[commit_named(argument)]) if commits_named(argument) else kernel_in_full(kernel(argument))
    name = s.kvm.era.name
    return Many((versions_grid(name), commits_grid(missing_from(name))))
