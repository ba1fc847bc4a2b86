"""The strict base of everything that is stored or crosses a process (style 12)."""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, Final, NewType, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetPydanticSchema,
    JsonValue,
    PlainSerializer,
    ValidationError,
)
from pydantic_core import core_schema

from shared.kernel.errors import Fault, Invalid, Unreadable

INTEGER_MAX: Final = 2**53 - 1  # what JSON numbers keep exactly everywhere (RFC 8259, section 6)
DEPTH_MAX: Final = 32
TEXT_MAX: Final = 4_000
ITEMS_MAX: Final = 1_000
FAULTS_MAX: Final = 100
IDENTIFIERS_KEPT: Final = 8_192  # the same few ids are read over and over
STAMPS_KEPT: Final = 8_192  # what belongs together is of one instant

TenantId = NewType("TenantId", str)
OrderId = NewType("OrderId", str)
Sku = NewType("Sku", str)
LocationId = NewType("LocationId", str)

_IDENTIFIER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._+:@~-]{0,126}[A-Za-z0-9._+~-])?", re.ASCII)
# Controls but tab and newline, bidi overrides and isolates, zero-width characters: they make text
# read otherwise than it is stored.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


@lru_cache(maxsize=IDENTIFIERS_KEPT)
def _identifier(value: str) -> str:
    if not _IDENTIFIER.fullmatch(value):
        raise ValueError("1 to 128 of A-Z a-z 0-9 . _ + : @ ~ -, beginning with a letter or digit")
    return value


def _text(value: str) -> str:
    if value.isascii() and value.isprintable():
        return value
    if _UNSEEN.search(value):
        raise ValueError("control, bidirectional or zero-width characters")
    return unicodedata.normalize("NFC", value)


Identifier = Annotated[str, AfterValidator(_identifier)]
"""An id: of ours or of a caller; safe as part of a document id on every store."""
Text = Annotated[str, Field(max_length=TEXT_MAX), AfterValidator(_text)]
"""Free text, NFC, without characters that cannot be seen."""
ShortText = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_text)]
Integer = Annotated[int, Field(ge=-INTEGER_MAX, le=INTEGER_MAX)]
Natural = Annotated[int, Field(ge=0, le=INTEGER_MAX)]
UNITS_MAX: Final = 1_000_000_000
Units = Annotated[int, Field(ge=1, le=UNITS_MAX)]
"""A quantity: whole counts of the SKU's selling step, at least 1."""
OwnJson = Annotated[JsonValue, GetPydanticSchema(lambda _type, _next: core_schema.any_schema())]
"""What a serializer of ours, or a parser, has made: it is JSON, and not looked at once more."""
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


def stamp(at: datetime) -> str:
    """Return an instant as text that sorts as time does: UTC, always six decimals."""
    # The second of an hour that a night has twice equals the first, and is another instant.
    return _stamp(at.astimezone(UTC) if at.fold else at)


@lru_cache(maxsize=STAMPS_KEPT)
def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC).isoformat(timespec='microseconds')[:-6]}Z"  # without its +00:00


Instant = Annotated[AwareDatetime, PlainSerializer(stamp, return_type=str, when_used="json")]
"""An aware time. Stored with fixed width, since stores compare and sort text."""


_set: Final = object.__setattr__  # of what is frozen, while it is made


class Strict(BaseModel):
    """Frozen, strict, closed: refuses what pydantic would coerce by default."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        defer_build=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        validate_default=False,
    )

    # Transitions copy dozens of models: pydantic's own ways look for extra and private fields,
    # of which there are none here.

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with some fields changed to values that are known to fit."""
        if deep:
            return super().model_copy(update=update, deep=True)
        changes = update or {}
        copied = self.__new__(type(self))
        _set(copied, "__dict__", {**self.__dict__, **changes})
        _set(copied, "__pydantic_fields_set__", self.__pydantic_fields_set__.union(changes))
        _set(copied, "__pydantic_extra__", None)
        _set(copied, "__pydantic_private__", None)
        return copied


class Foreign(BaseModel):
    """Payloads of others: extra fields are ignored, the rest is read strictly by the translator."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        defer_build=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )


M = TypeVar("M", bound=BaseModel)


def _unique_keys(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise Unreadable("a JSON object has the same key twice")
        result[key] = value
    return result


def _finite(literal: str) -> float:
    raise Unreadable(f"{literal} is not JSON")


def _bounded_int(digits: str) -> int:
    if len(digits) > 17 or not -INTEGER_MAX <= (value := int(digits)) <= INTEGER_MAX:
        raise Unreadable("an integer beyond 2^53")
    return value


# `json.loads` would make one for each text.
_PARSER: Final = json.JSONDecoder(
    object_pairs_hook=_unique_keys, parse_constant=_finite, parse_int=_bounded_int
)


def _depth_within(raw: bytes) -> bool:
    """Tell whether brackets outside strings never nest deeper than DEPTH_MAX."""
    if raw.count(b"{") + raw.count(b"[") <= DEPTH_MAX:
        return True
    depth, in_string, escaped = 0, False, False
    for byte in raw:
        if in_string:
            in_string = escaped or byte != 0x22
            escaped = not escaped and byte == 0x5C
        elif byte == 0x22:
            in_string = True
        elif byte in b"{[":
            depth += 1
            if depth > DEPTH_MAX:
                return False
        elif byte in b"}]":
            depth -= 1
    return True


def parse_json(raw: bytes) -> Any:
    """Parse foreign JSON: UTF-8, no duplicate keys, no NaN, integers within 2^53, depth <= 32.

    Raises:
        Unreadable: anything else; the message never echoes the input.
    """
    if not _depth_within(raw):
        raise Unreadable(f"nested deeper than {DEPTH_MAX}")
    try:
        return _PARSER.decode(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Unreadable("not UTF-8") from error
    except json.JSONDecodeError as error:
        raise Unreadable(f"not JSON: {error.msg} at position {error.pos}") from error


def read_json(model: type[M], raw: bytes) -> M:
    """Read a model from foreign JSON; twice on purpose (style 12).

    Raises:
        Unreadable: not acceptable JSON.
        Invalid: the JSON does not fit the model; every fault with its pointer and code.
    """
    parse_json(raw)
    return read_own_json(model, raw)


def read_own_json(model: type[M], raw: bytes) -> M:
    """Read a model from JSON that this system has written itself: no key of it stands twice.

    Raises:
        Invalid: it does not fit the model; every fault with its pointer and code.
    """
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise Invalid(faults_of(error)) from None


def faults_of(error: ValidationError) -> tuple[Fault, ...]:
    """Return pydantic's findings as faults; the input itself is never echoed."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return tuple(
        Fault(pointer_of(row["loc"]), row["type"].replace("_", "-"), row["msg"])
        for row in found[:FAULTS_MAX]
    )


def pointer_of(location: Iterable[str | int]) -> str:
    """Return a JSON pointer (RFC 6901) for a path of keys and indexes."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)
