"""The generated table of VMCS fields, against the table that it was generated from."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from kvmdbg.machine.hw import fields
from kvmdbg.machine.hw.fields import CONTROL, EXIT_INFO, FIELDS, GUEST, HOST, F, by_name
from support import shared_path

TABLE = shared_path() / "spec" / "vmcs_fields.csv"


def rows() -> list[dict[str, str]]:
    with TABLE.open(newline="") as file:
        return list(csv.DictReader(file))


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_fields", Path(__file__).parents[3] / "scripts" / "generate_fields.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["encoding"])
def test_a_field_is_as_the_table_says(row: dict[str, str]) -> None:
    field = FIELDS[int(row["encoding"], 16)]
    assert row["linux_name"] in (field.name, "-")
    assert (field.manual_name, field.area) == (row["name"], row["area"])
    assert row["width"] == (str(field.width) if field.width else "natural")
    assert row["in_vmcs12"] == ("yes" if field.in_vmcs12 else "no")
    assert row["shadow"] == (field.shadow or "-")
    assert row["vmcs12_offset"] == (str(field.vmcs12_offset) if field.vmcs12_offset >= 0 else "-")
    assert getattr(F, field.name) == field.encoding
    assert by_name(field.name.lower()) is field


@pytest.mark.parametrize("field", FIELDS.values(), ids=lambda field: field.name)
def test_width_and_area_are_those_of_the_encoding(field: fields.Field) -> None:
    assert (16, 64, 32, 0)[field.encoding >> 13 & 3] == field.width
    assert (CONTROL, EXIT_INFO, GUEST, HOST)[field.encoding >> 10 & 3] == field.area
    assert field.mask == (1 << (field.width or 64)) - 1


def test_there_is_no_other_field() -> None:
    assert len(FIELDS) == len(rows()) == len({field.name for field in FIELDS.values()})


def test_the_file_is_what_the_script_writes() -> None:
    script = generator()
    assert Path(fields.__file__).read_text() == script.generate(script.read_table(TABLE))


@pytest.mark.parametrize(("text", "name"), [("guest_cr3", "GUEST_CR3"), ("0x6802", "GUEST_CR3"), ("26626", "GUEST_CR3"),
                                            ("eptp_index", "EPTP_INDEX"), ("0x6803", None), ("guest_cr5", None), ("", None)])
def test_a_field_is_found_by_name_or_encoding(text: str, name: str | None) -> None:
    field = by_name(text)
    assert (field.name if field else None) == name
