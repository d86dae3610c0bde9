"""What going back costs, against going forth, and on a long tape against a short one."""

from __future__ import annotations

from kvmdbg.session.session import Session
from timing import Figure, best

STEPS = 200


def session_of(positions: int) -> Session:
    """A session with at least that many positions on its tape, standing in the middle."""
    s = Session()
    while s.tape.end < positions:
        s.execute("\n".join(["program", *["cpuid"] * min(2_000, positions // 35 + 1), "end"]))
        s.execute("continue")
    s.execute(f"goto #{positions // 2}")
    return s


def repeat(s: Session, line: str) -> float:
    """Seconds of one command, out of many in a row."""
    def many() -> None:
        for _ in range(STEPS):
            s.execute(line)

    back = s.tape.cursor

    def there_and_back() -> float:
        s.execute(f"goto #{back}")
        return best(many, 1)

    return min(there_and_back() for _ in range(5)) / STEPS


def figures() -> list[Figure]:
    short, long = session_of(1_000), session_of(100_000)
    forth, back = repeat(short, "stepi"), repeat(short, "reverse-stepi")
    forth_long, back_long = repeat(long, "stepi"), repeat(long, "reverse-stepi")
    return [Figure("stepi at 10^3 positions", forth * 1e6, "us", None),
            Figure("reverse-stepi against stepi at 10^3 positions", back / forth, "x", 2.0),
            Figure("reverse-stepi against stepi at 10^5 positions", back_long / forth_long, "x", 2.0),
            Figure("reverse-stepi at 10^5 positions against 10^3", back_long / back, "x", 3.0),
            Figure("goto over 10^4 positions and back", best(lambda: long.execute("goto -10000\ngoto +10000")) * 1e3, "ms", None)]
