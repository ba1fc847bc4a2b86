"""What every HTTP route declares: who may call it, what it takes and gives. OpenAPI comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypedDict

VERSION_PREFIX: Final = "v1"
PAGED: Final[Mapping[str, str]] = {
    "limit": "how many at most, 50 unless told",
    "cursor": "next_cursor of the page before",
}


class Options(TypedDict, total=False):
    """Keyword arguments of `http`.

    answer: the model of the answer's body; many: a page of them (`items`, `next_cursor`).
    status: of success. creates: needs an Idempotency-Key. if_match: needs If-Match.
    public: no credential (the trigger proves the caller itself), no rate limit, never shed.
    secret_answer: the answer is never kept. query: query parameters with what they mean.
    partial: the body is a merge patch of this model. media: of an answer that is not JSON.
    """

    answer: Any
    many: bool
    status: int
    creates: bool
    if_match: bool
    public: bool
    secret_answer: bool
    query: Mapping[str, str]
    partial: Any
    media: str


@dataclass(frozen=True, slots=True)
class Route:
    """One HTTP function as it was declared."""

    method: str
    path: str
    operation: str
    function: str
    tag: str
    summary: str
    body: Any = None
    answer: Any = None
    many: bool = False
    status: int = 200
    creates: bool = False
    if_match: bool = False
    public: bool = False
    secret_answer: bool = False
    query: Mapping[str, str] | None = None
    partial: Any = None
    media: str = "application/json"

    @property
    def parameters(self) -> Mapping[str, str]:
        """Return the query parameters that it takes, with what they mean; it refuses others."""
        return {**(PAGED if self.many else {}), **(self.query or {})}


ROUTES: Final[list[Route]] = []
