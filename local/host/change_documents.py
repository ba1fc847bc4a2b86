"""Changes as functions get them: real `func.Document`s, whose bodies are read when asked for."""

import json
from collections.abc import Sequence
from typing import Final

import azure.functions as func
from pydantic import JsonValue

from shared.kernel.documents import Change

ENVELOPE: Final = frozenset({"id", "tenantId", "key", "pk", "type", "_etag"})


class ChangedDocument(func.Document):
    """A document of the change feed.

    A relay looks at the type of every change and at the body of few, so the body's JSON is parsed
    at the first look beyond the envelope.
    """

    def __init__(self, change: Change) -> None:
        self._envelope: dict[str, JsonValue] = {
            "id": change.id,
            "tenantId": change.tenant_id,
            "key": change.key,
            "pk": f"{change.tenant_id}|{change.key}",
            "type": change.type,
            "_etag": change.etag,
        }
        self.raw = change.body  # as stored, for a reader that wants no fields
        self._whole: dict[str, JsonValue] | None = None

    @property
    def data(self) -> dict[str, JsonValue]:  # type: ignore[override] # made at the first look
        """All fields; those of a damaged document are the envelope's only."""
        if self._whole is None:
            body: dict[str, JsonValue] = json.loads(self.raw) if self.raw else {}
            self._whole = body | self._envelope
        return self._whole

    def __contains__(self, name: object) -> bool:
        return name in ENVELOPE or name in self.data

    def __getitem__(self, name: str) -> JsonValue:
        """Return a field; those of the envelope without reading the body."""
        return self._envelope[name] if name in ENVELOPE and self._whole is None else self.data[name]


def documents_of(changes: Sequence[Change]) -> func.DocumentList:
    """Return what a function of the change feed takes."""
    return func.DocumentList([ChangedDocument(change) for change in changes])
