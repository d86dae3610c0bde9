"""vmcs12: prepare a VMCS in L1's memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from kvmdbg.errors import UserError
from kvmdbg.machine.hw.fields import FIELDS, by_name
from kvmdbg.machine.kvm import vmcs12_template
from kvmdbg.session.commands.map import as_number, edit
from kvmdbg.session.operands import Address, VcpuInFront
from kvmdbg.session.parse import REQUIRED, Candidate, Operand, command, did_you_mean, matching
from kvmdbg.session.results import Text
from kvmdbg.session.session import Session


class FieldsOperand(Operand):
    """`FIELD=VALUE ...`, by Linux's names in any case or by encoding."""

    name, describe, whole_line = "FIELD=VALUE...", "fields of struct vmcs12 such as VIRTUAL_PROCESSOR_ID=2", True

    def parse(self, session: Any, word: str) -> dict[int, int]:
        found: dict[int, int] = {}
        for option in word.split():
            name, equals, value = option.partition("=")
            field = by_name(name)
            if field is None or not equals or not value:
                known = [one.name for one in FIELDS.values()]
                raise UserError(f"{option!r} is no FIELD=VALUE", did_you_mean(name, known) if field is None else "")
            if field.encoding in found:
                raise UserError(f"{field.name} is given twice")
            found[field.encoding] = as_number(session, value)
        return found

    def complete(self, session: Any, text: str) -> Iterable[Candidate]:
        last = text.rpartition(" ")[2]
        return [one._replace(start=len(text) - len(last))
                for one in matching((f"{field.name}=" for field in FIELDS.values() if field.in_vmcs12), last)]


Fields = Annotated[dict[int, int] | None, FieldsOperand()]


@command("vmcs12", group="machine", examples=("vmcs12 0x4000 VIRTUAL_PROCESSOR_ID=1 GUEST_CR3=0x20000",))
def vmcs12(s: Session, vcpu: VcpuInFront = None, address: Address = REQUIRED, fields: Fields = None) -> Text | None:
    """Prepare a VMCS in L1's memory at an L1 guest-physical address, as L1's own VMWRITEs would leave it.

    What is not given makes a valid 64-bit L2 that returns to where L1 stands now.  `inject vmptrld` and `inject vmlaunch` use it.
    """
    return edit(s, "vmcs12", f"vmcs12 {address:#x}", vcpu,
                lambda who: vmcs12_template.prepare(s.kvm, who, address, fields or {}))
