"""Where in the model's source a position stands: frames, lines, depth; and where motions by line end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kvmdbg.session.timeline import Timeline
from kvmdbg.tape import Stamp, frame_of

Wants = Callable[[int], bool]
Key = tuple[Any, ...]


class Lines:
    """The model's call stack at each position of a timeline, as motions compare it.

    The depth of a position is the number of frames of the entry there; 0 at the end of the tape, and for an edit.  An
    invocation of a function is told from another by the action and by the call sites above it.
    """

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.stamps = timeline.tape.stamps

    def depth(self, position: int) -> int:
        return len(self.stamps[position]) // 2 if position < len(self.stamps) else 0

    def _action(self, position: int) -> int:
        mark = self.timeline.mark_at(position)
        return mark.start if mark is not None else -1

    def _stamp(self, position: int) -> Stamp:
        return self.stamps[position] if position < len(self.stamps) else ()

    def key(self, position: int) -> Key:
        """Equal for positions on the same line of the same invocation.  Without stamps every position is a line."""
        stamp = self._stamp(position)
        if not stamp:
            return (position,)
        return (frame_of(stamp[0], stamp[1]).line, stamp[0], stamp[2:], self._action(position))

    def invocation(self, position: int, depth: int) -> Key:
        """Names the invocation of the function `depth` frames from the outermost one (1 = outermost)."""
        stamp = self._stamp(position)
        if not depth or len(stamp) < depth * 2:
            return (-1, position)
        return (self._action(position), stamp[-2 * depth], stamp[len(stamp) - 2 * depth + 2:])

    # -- forwards ----------------------------------------------------------------------------------------------------

    def step(self, start: int) -> Wants:
        """Another line than at `start`."""
        key = self.key(start)
        return lambda position: self.key(position) != key

    def next(self, start: int) -> Wants:
        """Another line, and not inside a function that was called from this one."""
        key, depth = self.key(start), self.depth(start)
        inside = self.invocation(start, depth)
        return lambda position: not (self.depth(position) > depth and self.invocation(position, depth) == inside) \
            and self.key(position) != key

    def nexti(self, start: int) -> Wants:
        """The next entry that is not made inside a function called from this one."""
        depth = self.depth(start)
        inside = self.invocation(start, depth)
        return lambda position: not (self.depth(position) > depth and self.invocation(position, depth) == inside)

    def finish(self, start: int, depth: int) -> Wants:
        """Out of the invocation that is `depth` frames from the outermost one."""
        if not depth:
            return self.timeline.at_border
        inside = self.invocation(start, depth)
        return lambda position: self.depth(position) < depth or self.invocation(position, depth) != inside

    # -- backwards ---------------------------------------------------------------------------------------------------

    def step_back(self, start: int) -> int:
        """The beginning of this line; of the one before, when `start` is a beginning."""
        return self._beginning(start) if self._beginning(start) < start else self._beginning(max(start - 1, 0))

    def _beginning(self, position: int) -> int:
        key = self.key(position)
        while position > 0 and self.key(position - 1) == key:
            position -= 1
        return position

    def next_back(self, start: int) -> int:
        """As step_back, over what was called from this function or from the line before."""
        begins = self._beginning_over_calls(start)
        if begins < start:
            return begins
        depth, inside = self.depth(start), self.invocation(start, self.depth(start))
        position = start - 1
        while position > 0 and self.depth(position) > depth and (not depth or self.invocation(position, depth) == inside):
            position -= 1
        return self._beginning_over_calls(max(position, 0))

    def nexti_back(self, start: int) -> int:
        """The entry before, over those made inside functions called from this one."""
        depth, inside = self.depth(start), self.invocation(start, self.depth(start))
        position = start - 1
        while position > 0 and self.depth(position) > depth and self.invocation(position, depth) == inside:
            position -= 1
        return max(position, 0)

    def _beginning_over_calls(self, position: int) -> int:
        """The first position of this line, when what it calls belongs to it."""
        key, depth = self.key(position), self.depth(position)
        inside, first = self.invocation(position, depth), position
        while position > 0:
            position -= 1
            if self.key(position) == key:
                first = position
            elif not (self.depth(position) > depth and self.invocation(position, depth) == inside):
                break
        return first

    def finish_back(self, start: int, depth: int) -> int:
        """The first position of the invocation; of the one around it, when `start` is that position already."""
        while depth:
            inside, position = self.invocation(start, depth), start
            while position > 0 and self.invocation(position - 1, depth) == inside:
                position -= 1
            if position < start:
                return position
            depth -= 1
        mark = self.timeline.mark_at(max(start - 1, 0))
        return mark.start if mark is not None else 0
