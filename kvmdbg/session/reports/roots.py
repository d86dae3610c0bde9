"""The page-table roots that KVM keeps: current and cached, of both MMUs of each vCPU."""

from __future__ import annotations

from collections import Counter

from kvmdbg.machine.kvm.state import GUEST_MMU, INVALID_PAGE, ROOT_MMU, Kvm, Mmu, MmuRole, Root, Vcpu
from kvmdbg.session.changes import Changes
from kvmdbg.session.grid import CHANGED, CURRENT, Grid, Row, columns
from kvmdbg.session.report_view import View, since_last_stop
from kvmdbg.session.reports import report

COLUMNS = columns("vcpu>", "mmu", "root", "pgd>", "hpa>", "shadows", "role/1", "pages>", "unsync>/1")
NO_CACHE = "This kernel keeps one root: no guest_mmu, no cached roots."


@report("roots", title="MMU roots", aliases=("mmu",))
def roots(s: View) -> Grid:
    """root_mmu and guest_mmu of each vCPU with their cached roots; > the root in use, * changed since the last stop.

    pgd: what the root shadows (EPTP12 of an L2, without EPT the guest's CR3 with its PCID; a direct root serves any).  hpa: the
    root page, hexadecimal.  pages, unsync: shadow pages that carry the root's role, and those of them that may lag behind the
    guest's table.
    """
    changed = since_last_stop(s)
    pages: Counter[MmuRole] = Counter()
    unsync: Counter[MmuRole] = Counter()
    for key, page in s.kvm.shadow_pages.unordered():
        pages[key.role] += 1
        unsync[key.role] += page.unsync
    rows = [row for vcpu in s.kvm.vcpus for name in mmus(s.kvm, vcpu)
            for row in mmu_rows(s.kvm, vcpu, name, changed, pages, unsync)]
    return Grid("MMU roots", COLUMNS, tuple(rows), "" if s.kvm.era.caches_roots() else NO_CACHE)


def mmus(kvm: Kvm, vcpu: Vcpu) -> tuple[str, ...]:
    """The MMUs that this kernel has."""
    return (ROOT_MMU, GUEST_MMU) if kvm.era.caches_roots() else (ROOT_MMU,)


def mmu_rows(kvm: Kvm, vcpu: Vcpu, name: str, changed: Changes, pages: Counter[MmuRole], unsync: Counter[MmuRole]) -> list[Row]:
    mmu = kvm.mmu_named(vcpu, name)
    then: tuple[Root, ...] = (changed.then(mmu, "root", mmu.root), *changed.then(mmu, "prev_roots", mmu.prev_roots))
    now = (mmu.root, *mmu.prev_roots)
    rows = []
    for at, root in enumerate(now):
        if at and root.hpa == INVALID_PAGE and then[at].hpa == INVALID_PAGE:
            continue
        differs = at >= len(then) or then[at] != root
        mark = CURRENT if at == 0 and vcpu.mmu == name else CHANGED if differs else ""
        rows.append(Row((str(vcpu.id), name, "root" if at == 0 else f"prev {at - 1}", *described(mmu, root, pages, unsync)), mark,
                        (vcpu.id, name, at), "changed" if differs else ""))
    return rows


def described(mmu: Mmu, root: Root, pages: Counter[MmuRole], unsync: Counter[MmuRole]) -> tuple[str, ...]:
    """pgd, hpa, what is shadowed, role, pages, unsync of a root."""
    if root.hpa == INVALID_PAGE:
        return ("-", "none", "-", role_text(mmu.role), "-", "-")
    shadows = {"direct": "guest memory", "nonpaging": "guest memory", "ept": "EPT12"}.get(root.role.kind, "page tables")
    pgd = "-" if root.role.kind in ("direct", "nonpaging") else f"{root.pgd:x}"
    return (pgd, f"{root.hpa:x}", shadows, role_text(root.role), str(pages[root.role]), str(unsync[root.role]))


def role_text(role: MmuRole) -> str:
    """A role in words: "direct", "direct guest_mode", "ept ad_disabled", "paging64 cr0_wp efer_nx"."""
    return " ".join([role.kind, *(name for name in role._fields[1:] if getattr(role, name))])
