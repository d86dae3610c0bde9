"""Which dump of a log is meant, and what is said about it."""

from __future__ import annotations

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.fields import FIELDS, F
from kvmdbg.session.dumps import vmcb
from kvmdbg.session.dumps.dump import Dump, oddities
from kvmdbg.session.dumps.vmcb import vmcb_dumps
from kvmdbg.session.dumps.vmcs import missing, too_wide, vmcs_dumps
from kvmdbg.session.report_view import exit_text
from kvmdbg.session.reports.vmcb import exit_name

FEW = 12                         # names that are listed


def dumps_of(log: str) -> list[Dump]:
    """Every dump of a log, in its order."""
    return sorted((*vmcs_dumps(log), *vmcb_dumps(log)), key=lambda dump: dump.first)


def chosen(log: str, file: str, number: int) -> tuple[Dump, str]:
    """Dump `number` of a log, from 1 on (0: the only one, or the first), and where it lies.  raises: UserError."""
    found = dumps_of(log)
    if not found:
        raise UserError(f"{file} has no dump of a VMCS or VMCB",
                        "KVM prints one when an entry failed, since v5.2 with dump_invalid_vmcs=1 or dump_invalid_vmcb=1.")
    if number > len(found):
        raise UserError(f"{file} has {len(found)} dump{'s' if len(found) > 1 else ''}: there is no number {number}")
    dump = found[max(number, 1) - 1]
    which = f"dump {max(number, 1)} of {len(found)}" if len(found) > 1 else "the dump"
    return dump, f"{which}, a {dump.kind} on lines {dump.first} to {dump.last}"


def remarks(dump: Dump) -> list[str]:
    """What the dump says of its exit, and how well it could be read."""
    if dump.kind == "VMCB":
        code = dump.values.get("exit_code")
        said = [] if code is None else [f"its last exit: {exit_name(code)}"]
        lost = vmcb.missing(dump)
        return [*said, *([f"lost: {names(lost)}"] if lost else []), *oddities(dump)]
    reason = dump.values.get(FIELDS[F.VM_EXIT_REASON].name)
    said = [] if reason is None else [f"its last exit: {exit_text(reason)}, qualification "
                                      f"{dump.values.get(FIELDS[F.EXIT_QUALIFICATION].name, 0):#x}"]
    lost = missing(dump)
    said += [f"lost, so as on a machine just booted: {names(lost)}"] if lost else []
    return [*said, *too_wide(dump), *oddities(dump)]


def names(found: list[str]) -> str:
    """A list that does not run over the screen."""
    more = f" and {len(found) - FEW} more" if len(found) > FEW else ""
    return ", ".join(found[:FEW]) + more
