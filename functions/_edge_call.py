"""One HTTP request as a trigger sees it, and its answer."""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

import azure.functions as func
from pydantic import BaseModel, TypeAdapter

from shared.kernel.documents import PAGE_MAX
from shared.kernel.errors import Fault, Invalid, NotFound, PreconditionRequired, Unreadable
from shared.tenants.model import Caller

B_co = TypeVar("B_co", covariant=True)
PAGE_DEFAULT: Final = 50
HEADERS: Final = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
_ROUTE_VALUE: Final = re.compile(r"[^/\\?#\x00-\x20\x7f]{1,200}")
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_ANYTHING: Final[TypeAdapter[Any]] = TypeAdapter(Any)


@dataclass(slots=True)
class Call(Generic[B_co]):
    """A request whose caller may do what the route is for, with its body read.

    `command_id` is set on creating routes: the same for every repeat with the Idempotency-Key.
    """

    request: func.HttpRequest
    body: B_co
    raw: bytes
    now: datetime
    correlation_id: str
    who: Caller | None = None
    command_id: str = ""
    noted: dict[str, object] = field(default_factory=dict)

    @property
    def caller(self) -> Caller:
        """Who is calling; a public route has nobody."""
        if self.who is None:
            raise ValueError("a public route has no caller")
        return self.who

    @property
    def tenant_id(self) -> str:
        """The tenant of the credential."""
        return self.caller.tenant_id

    def param(self, name: str) -> str:
        """Return a value of the path; one that no id could have is a missing resource."""
        value = self.request.route_params.get(name, "")
        if not _ROUTE_VALUE.fullmatch(value):
            raise NotFound
        return str(value)

    def take_only(self, known: Container[str]) -> None:
        """Refuse query parameters that the route does not declare.

        One that is misspelt would be ignored, and the answer be of another question.

        Raises:
            Invalid: names each of them.
        """
        unknown = sorted(name for name in self.request.params if name not in known)
        if unknown:
            detail = "there is no such parameter here"
            raise Invalid(
                [Fault(f"/{name[:100]}", "unknown-parameter", detail) for name in unknown]
            )

    def query(self, name: str) -> str | None:
        """Return a query parameter; empty counts as absent."""
        value = self.request.params.get(name)
        return str(value)[:1_000] if value else None

    def integer(self, name: str, default: int, *, low: int, high: int) -> int:
        """Return a whole number from the query.

        Raises:
            Invalid: it is none, or out of bounds.
        """
        raw = self.query(name)
        if raw is None:
            return default
        if not re.fullmatch(r"-?[0-9]{1,15}", raw, re.ASCII) or not low <= int(raw) <= high:
            raise Invalid([Fault(f"/{name}", "out-of-bounds", f"a number from {low} to {high}")])
        return int(raw)

    def flag(self, name: str) -> bool:
        """Return a yes or no from the query; absent is no.

        Raises:
            Invalid: neither true nor false.
        """
        raw = self.query(name) or "false"
        if raw not in {"true", "false"}:
            raise Invalid([Fault(f"/{name}", "not-a-flag", "true or false")])
        return raw == "true"

    def instant(self, name: str) -> datetime | None:
        """Return an RFC 3339 time from the query.

        Raises:
            Invalid: it is none, or has no offset.
        """
        raw = self.query(name)
        if raw is None:
            return None
        try:
            found = datetime.fromisoformat(raw)
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            raise Invalid([Fault(f"/{name}", "not-a-time", "an RFC 3339 time with its offset")])
        return found

    def page(self) -> tuple[int, str | None]:
        """Return `limit` and the opaque `cursor` of a listing."""
        limit = self.integer("limit", PAGE_DEFAULT, low=1, high=PAGE_MAX)
        return limit, self.query("cursor")

    def if_match(self) -> str:
        """Return the etag that the caller read.

        Raises:
            PreconditionRequired: none was sent.
        """
        sent = self.request.headers.get("If-Match", "").strip()
        if not sent:
            raise PreconditionRequired
        return str(sent).removeprefix("W/").strip('"')

    def idempotency_key(self) -> str:
        """Return the key of a creating request.

        Raises:
            Unreadable: none was sent, or not 1 to 255 visible ASCII characters.
        """
        sent = str(self.request.headers.get("Idempotency-Key", ""))
        if not _KEY.fullmatch(sent):
            raise Unreadable("send an Idempotency-Key of 1 to 255 visible ASCII characters")
        return sent

    def note(self, **fields: object) -> None:
        """Add listed fields to the request's log line (`shared.wiring.logs.FIELDS`)."""
        self.noted |= fields


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: a model, anything JSON can say, or bytes with their `content_type`.

    Without `status` it is the route's own.
    """

    body: object = None
    status: int | None = None
    etag: str | None = None
    location: str | None = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def listing(items: object, cursor: str | None) -> dict[str, object]:
    """Return a page as every listing gives it."""
    return {"items": items, "next_cursor": cursor}


def encode(body: object) -> bytes:
    """Return an answer's bytes; models leave out what is None."""
    match body:
        case None:
            return b""
        case bytes():
            return body
        case BaseModel():
            return body.model_dump_json(exclude_none=True).encode()
        case _:
            return _ANYTHING.dump_json(body, exclude_none=True)


def headers_of(reply: Reply, correlation_id: str) -> dict[str, str]:
    """Return an answer's headers."""
    headers = {**HEADERS, "X-Correlation-Id": correlation_id, **reply.headers}
    if reply.etag is not None:
        headers["ETag"] = f'"{reply.etag}"'
    if reply.location is not None:
        headers["Location"] = reply.location
    return headers
