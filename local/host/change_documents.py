"""Changes as functions get them: real `func.Document`s, whose bodies are read when asked for."""

import json
from collections.abc import Sequence
from typing import Any, Final

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
        self.change = change  # as stored, for a reader that wants no fields
        self._whole: dict[str, JsonValue] | None = None

    @property
    def data(self) -> dict[str, JsonValue]:  # type: ignore[override] # made at the first look
        """All fields; those of a damaged document are the envelope's only."""
        if self._whole is None:
            raw = self.change.body
            body: dict[str, JsonValue] = json.loads(raw) if raw else {}
            self._whole = body | _envelope(self.change)
        return self._whole

    def __contains__(self, name: object) -> bool:
        return name in ENVELOPE or name in self.data

    def __getitem__(self, name: str) -> JsonValue:
        """Return a field; those of the envelope without reading the body."""
        if self._whole is None and name in ENVELOPE:
            return _envelope(self.change)[name]
        return self.data[name]

    def get(self, key: str, default: Any = None) -> Any:
        """Return a field or a default; its type, which a relay asks of each, at once."""
        if self._whole is None and key == "type":
            return self.change.type
        return super().get(key, default)


def _envelope(change: Change) -> dict[str, JsonValue]:
    return {
        "id": change.id,
        "tenantId": change.tenant_id,
        "key": change.key,
        "pk": f"{change.tenant_id}|{change.key}",
        "type": change.type,
        "_etag": change.etag,
    }


def documents_of(changes: Sequence[Change]) -> func.DocumentList:
    """Return what a function of the change feed takes."""
    return func.DocumentList([ChangedDocument(change) for change in changes])
