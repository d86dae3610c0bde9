"""729c15c20f1a: a request gets another name."""

from __future__ import annotations

from kvmdbg.machine.eras.versions import kernel


def test_the_question() -> None:
    """A.2, arch request 24."""
    answers = [kernel(name).nested_state_pages_request() for name in ("729c15c20f1a^", "729c15c20f1a", "v6.12")]
    assert answers == ["GET_VMCS12_PAGES", *["GET_NESTED_STATE_PAGES"] * 2]


def test_bit_and_place_stay() -> None:
    """A.2, B.4."""
    old, new = kernel("729c15c20f1a^"), kernel("729c15c20f1a")
    assert old.request_bits()["GET_VMCS12_PAGES"] == new.request_bits()["GET_NESTED_STATE_PAGES"] == 32
    assert old.service_order().index("GET_VMCS12_PAGES") == new.service_order().index("GET_NESTED_STATE_PAGES")
    assert "GET_NESTED_STATE_PAGES" not in old.service_order()
