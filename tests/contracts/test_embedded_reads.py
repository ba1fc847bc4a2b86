"""Documents that were read before are not decoded again, and are never old or corrupt."""

import pytest

from shared.adapters.embedded.decoded import Decoded, Row
from shared.adapters.embedded.rows import Place, checksum
from shared.kernel.documents import Container, Document, Kind
from shared.kernel.errors import Corrupt


class Note(Document):
    text: str


NOTES: Kind[Note] = Kind(Container.ORDERS, "note", Note)
PLACE: Place = ("orders", "acme", "o_1", "note:1")


def a_row(text: str, seq: int = 1, place: Place = PLACE) -> Row:
    body = NOTES.encode(Note(text=text))
    return "note", seq, None, checksum(place, ("note", seq, None), body), body


def test_the_same_row_is_decoded_once() -> None:
    decoded = Decoded()
    assert decoded.body(PLACE, NOTES, a_row("x")) is decoded.body(PLACE, NOTES, a_row("x"))


def test_a_row_that_was_written_again_is_decoded_again() -> None:
    decoded = Decoded()
    decoded.body(PLACE, NOTES, a_row("x"))
    assert decoded.body(PLACE, NOTES, a_row("y", seq=2)).text == "y"


def test_a_row_that_a_disk_changed_is_noticed_though_it_was_read_before() -> None:
    decoded, row = Decoded(), a_row("x")
    decoded.body(PLACE, NOTES, row)
    with pytest.raises(Corrupt):
        decoded.body(PLACE, NOTES, (*row[:4], row[4].replace(b'"x"', b'"y"')))


def test_no_more_bytes_are_kept_than_the_bound() -> None:
    row, other = a_row("x"), ("orders", "acme", "o_2", "note:1")
    decoded = Decoded(bytes_max=len(row[4]))
    first = decoded.body(PLACE, NOTES, row)
    decoded.body(other, NOTES, a_row("x", place=other))
    assert decoded.body(PLACE, NOTES, row) is not first
