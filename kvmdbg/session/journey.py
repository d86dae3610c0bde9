"""A motion that a command asked for and that has not run yet: the session runs it whole, or piece by piece."""

from __future__ import annotations

from collections.abc import Callable

from kvmdbg.session.motion import Motion
from kvmdbg.session.results import Stop


class Journey:
    """`count` motions one after the other; one that does not end as it should ends the journey.

    make: the next motion, made where the one before ended.
    """

    def __init__(self, make: Callable[[], Motion | Stop], count: int = 1) -> None:
        self._make = make
        self._left = count
        self._motion: Motion | None = None

    def pump(self, budget: int) -> Stop | None:
        """Move over at most about `budget` entries; the stop, or None when there is more to do."""
        if self._motion is None:
            made = self._make()
            if isinstance(made, Stop):
                return made
            self._motion = made
        stop = self._motion.pump(budget)
        if stop is None:
            return None
        self._left -= 1
        self._motion = None
        return stop if not self._left or stop.reason != "step" else None

    def interrupt(self) -> Stop | None:
        """Stop where it has come to; None when it has not begun."""
        return self._motion.interrupt() if self._motion is not None else None
