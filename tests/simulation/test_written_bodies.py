"""The store in plain memory hands out what was written without reading its JSON again.

That is right only while every body that the system writes is what its own JSON says, and while
nobody changes one later. Both are looked at here, over all that a few seeds write.
"""

from collections.abc import Sequence
from typing import Any

import pytest

from local.simulate.play import play
from shared.adapters.memory import documents
from shared.kernel.documents import Container, Create, Kind, Operation, Replace

SEEDS = (1, 2, 3)
KINDS_LEAST = 20
Written = tuple[Kind[Any], Any, bytes]


class WatchedDocuments(documents.MemoryDocuments):
    """Keeps every body that was written, with what its JSON was at that time."""

    written: list[Written]

    async def batch(
        self, tenant_id: str, container: Container, key: str, operations: Sequence[Operation]
    ) -> tuple[str, ...]:
        """Write, and remember what."""
        self.written += [
            (operation.kind, operation.body, operation.kind.encode(operation.body))
            for operation in operations
            if isinstance(operation, Create | Replace)
        ]
        return await super().batch(tenant_id, container, key, operations)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_written_is_what_its_json_says_and_stays_so(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Written] = []
    monkeypatch.setattr(WatchedDocuments, "written", written, raising=False)
    monkeypatch.setattr(documents, "MemoryDocuments", WatchedDocuments)
    assert play(seed, 20, adapters="memory").failures == ()
    for kind, body, raw in written:
        read = kind.decode(raw)
        assert (read, kind.encode(read)) == (body, raw)
        assert kind.encode(body) == raw, "it was changed after it was written"
    assert len({kind.type for kind, _, _ in written}) >= KINDS_LEAST
