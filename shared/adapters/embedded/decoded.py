"""Documents that were read before: the same bytes are not checked and decoded twice.

Every read still reads the row, so that nothing is ever old: a body is taken from here only if the
row is the same to the last byte. Bodies are frozen, so that readers can share them.
"""

from typing import Any, Final, TypeAlias, cast

from shared.adapters.embedded.rows import Place, checksum
from shared.kernel.documents import D, Kind
from shared.kernel.errors import Corrupt

BYTES_MAX: Final = 16_000_000  # of stored bodies; decoded ones take several times that
DOCUMENT_BYTES_MAX: Final = 64_000  # larger ones are seldom read twice

Row: TypeAlias = tuple[str, int, int | None, bytes, bytes]
"""A document as it is stored: type, seq, expires, checksum, body."""


class Decoded:
    """Checks and decodes rows; keeps a bounded number of bytes, the latest read."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._bytes_max, self._bytes = bytes_max, 0
        self._kept: dict[Place, tuple[Row, Kind[Any], object]] = {}

    def body(self, place: Place, kind: Kind[D], row: Row) -> D:
        """Return a row's body.

        Raises:
            Corrupt: it does not match its checksum, or is no body of its kind.
        """
        kept = self._kept.get(place)
        if kept is not None and kept[0] == row and kept[1] is kind:
            return cast(D, kept[2])
        type, seq, expires, digest, raw = row
        if checksum(place, (type, seq, expires), raw) != digest:
            raise Corrupt(f"a {type} document does not match its checksum")
        body = kind.decode(raw)
        if len(raw) <= DOCUMENT_BYTES_MAX:
            self._keep(place, kind, row, body)
        return body

    def _keep(self, place: Place, kind: Kind[D], row: Row, body: D) -> None:
        before = self._kept.pop(place, None)  # it goes to the end
        self._bytes += len(row[-1]) - (0 if before is None else len(before[0][-1]))
        self._kept[place] = row, kind, body
        while self._bytes > self._bytes_max:
            oldest = next(iter(self._kept))
            self._bytes -= len(self._kept.pop(oldest)[0][-1])
