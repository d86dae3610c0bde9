"""Catalogs: one place for each declaration, in name order."""

from __future__ import annotations

import sys

import pytest

from kvmdbg.catalog import Catalog, open_drawer
from kvmdbg.errors import ModelBug


def test_a_declaration_is_found_by_name() -> None:
    catalog: Catalog[int] = Catalog("number")
    assert catalog.add("one", 1) == 1
    assert (catalog["one"], catalog.get("one"), catalog.get("two")) == (1, 1, None)
    assert "one" in catalog
    assert "two" not in catalog


def test_names_and_entries_come_in_name_order() -> None:
    catalog: Catalog[int] = Catalog("number")
    for name, value in (("two", 2), ("one", 1), ("three", 3)):
        catalog.add(name, value)
    assert catalog.names() == ("one", "three", "two")
    assert list(catalog) == [1, 3, 2]
    assert len(catalog) == 3


def test_a_name_is_declared_once() -> None:
    catalog: Catalog[int] = Catalog("number")
    catalog.add("one", 1)
    with pytest.raises(ModelBug, match="number 'one' is declared twice"):
        catalog.add("one", 2)


def test_opening_a_drawer_imports_each_of_its_files() -> None:
    open_drawer("kvmdbg.machine.kvm.requests")
    assert {"kvmdbg.machine.kvm.requests.event", "kvmdbg.machine.kvm.requests.tlb_flush"} <= set(sys.modules)
