"""What the simulation tests share: chunks of seeds, so that workers can play them side by side."""

from collections import Counter
from dataclasses import dataclass, field

from local.simulate.play import play

ORDERS = 20


@dataclass
class Chunk:
    """What some seeds came to."""

    failures: dict[int, tuple[str, ...]] = field(default_factory=dict)
    crashed: Counter[tuple[str, str]] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)


def play_all(seeds: range) -> Chunk:
    chunk = Chunk()
    for seed in seeds:
        result = play(seed, ORDERS)
        chunk.crashed.update(result.points.crashed)
        chunk.passed.update(result.points.passed)
        if result.failures:
            chunk.failures[seed] = result.failures
    return chunk
