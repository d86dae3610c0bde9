"""How long hypothesis looks: `make fuzz` chooses the profile "fuzz"."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("fuzz", max_examples=20_000, print_blob=True)
