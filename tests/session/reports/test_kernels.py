"""info kernel, info kernels."""

from __future__ import annotations

import pytest

from kvmdbg.errors import UserError
from session_support import say, session


def test_the_present_kernel_and_others() -> None:
    s = session(kernel="v4.3")
    assert say(s, "info kernel").startswith("kernel v4.3\n") and "has_vpid02 | no | without 5c614b3583e7" in say(s, "info kernel")
    assert say(s, "info kernel v4.4").startswith("kernel v4.4\n")


def test_all_kernels_with_what_this_one_lacks() -> None:
    said = say(session(kernel="v4.4"), "info kernels").splitlines()
    assert any(line.startswith("> | v4.4 |") for line in said) and any(line.startswith("- | 2b4a5a5d5688 |") for line in said)
    assert any(line.startswith(" | 5c614b3583e7 |") for line in said)


def test_one_of_them_in_full() -> None:
    assert say(session(), "info kernels 5c614").startswith("5c614b3583e7  2015-10, first in v4.4")
    assert say(session(), "info kernels v4.3").startswith("kernel v4.3\n")
    with pytest.raises(UserError, match="is not known"):
        session().execute("info kernels nonsense")
