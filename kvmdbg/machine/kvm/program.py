"""What a guest will execute, front first: `vcpu.program`.

No structure of the kernel or of the manual: it stands for the guest's code.  The instructions are kept once and the value on the
tape says only where the front is, so executing one costs the same whether ten follow or ten thousand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, overload

from kvmdbg.machine.hw.state import Insn


class Program(Sequence[Insn]):
    """Instructions, as immutable as a tuple and equal to one; a slice is a tuple."""

    __slots__ = ("_insns", "_front")

    def __init__(self, insns: tuple[Insn, ...], front: int = 0) -> None:
        self._insns = insns       # with those that were executed before
        self._front = front       # index of the one that comes next

    def rest(self) -> Program:
        """Without the front one."""
        return Program(self._insns, self._front + 1) if len(self) > 1 else EMPTY

    def preceded_by(self, insns: tuple[Insn, ...]) -> Program:
        """`insns`, then these.  Those that were executed last may come back without a copy."""
        before = self._front - len(insns)
        if before >= 0 and self._insns[before:self._front] == insns:
            return Program(self._insns, before)
        return Program(insns + self[:])

    def followed_by(self, insns: tuple[Insn, ...]) -> Program:
        """These, then `insns`."""
        return Program(self[:] + insns)

    @overload
    def __getitem__(self, at: int) -> Insn: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Insn, ...]: ...

    def __getitem__(self, at: int | slice) -> Insn | tuple[Insn, ...]:
        if isinstance(at, slice):
            start, stop, step = at.indices(len(self))
            return self._insns[self._front:][at] if step != 1 else self._insns[self._front + start:self._front + max(start, stop)]
        if not -len(self) <= at < len(self):
            raise IndexError("no such instruction in the program")
        return self._insns[self._front + at if at >= 0 else at]

    def __len__(self) -> int:
        return len(self._insns) - self._front

    def __iter__(self) -> Iterator[Insn]:
        return iter(self[:])

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Program):
            same = self._insns is other._insns and self._front == other._front
            return same or len(self) == len(other) and self[:] == other[:]
        return self[:] == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(self[:])

    def __repr__(self) -> str:
        return repr(self[:])


EMPTY: Final = Program(())
