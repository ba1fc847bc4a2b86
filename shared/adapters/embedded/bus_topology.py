"""Reads the bus's topology from a file in the official Service Bus emulator's `Config.json` format.

What the embedded bus does not do (forwarding, rule actions) is refused at start, and so are
unknown names: a misspelt property must not quietly become its default.

Source: learn.microsoft.com, "Overview of the Azure Service Bus emulator" (quotas).
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

from shared.adapters.embedded.bus_filter_logic import Filter
from shared.adapters.embedded.bus_filters import compile_sql, correlation

ENTITIES_MAX: Final = 50
TTL_MAX: Final = timedelta(hours=1)  # the emulator's; the cloud's own file may say more
LOCK_MAX: Final = timedelta(minutes=5)
DELIVERIES_MAX: Final = 2000
WINDOW_MIN: Final = timedelta(seconds=20)
WINDOW_MAX: Final = timedelta(days=7)
LOCK_USUAL: Final = timedelta(minutes=1)
WINDOW_USUAL: Final = timedelta(minutes=10)
DELIVERIES_USUAL: Final = 10

Json: TypeAlias = dict[str, Any]
T = TypeVar("T")

_COMMENT: Final = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*')
_DURATION: Final = re.compile(
    r"P(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.ASCII
)
_FORWARDING: Final = frozenset(["ForwardTo", "ForwardDeadLetteredMessagesTo"])
_LINE: Final = _FORWARDING | {
    "DeadLetteringOnMessageExpiration",
    "DefaultMessageTimeToLive",
    "LockDuration",
    "MaxDeliveryCount",
    "RequiresSession",
}
_ENTITY: Final = frozenset(
    [
        "DefaultMessageTimeToLive",
        "DuplicateDetectionHistoryTimeWindow",
        "RequiresDuplicateDetection",
    ]
)


class TopologyError(ValueError):
    """The topology file is wrong; says where (a JSON pointer) and what."""

    def __init__(self, pointer: str, why: str) -> None:
        super().__init__(f"topology, {pointer or '/'}: {why}")
        self.pointer = pointer


@dataclass(frozen=True, slots=True)
class Line:
    """What is received from: a queue or a subscription (`events/routing`).

    `filters` is empty for a queue and for a subscription without rules: everything arrives.
    """

    path: str
    lock: timedelta
    deliveries_max: int
    ttl: timedelta | None
    keeps_expired: bool
    requires_session: bool
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True)
class Destination:
    """What is sent to: a queue (one line, itself) or a topic."""

    name: str
    duplicate_window: timedelta | None
    ttl: timedelta | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Topology:
    """Every destination and every line, by name."""

    destinations: Mapping[str, Destination]
    lines: Mapping[str, Line]


def load_topology(path: Path) -> Topology:
    """Return the topology in a file.

    Raises:
        TopologyError: it is not readable or not right.
    """
    try:
        return read_topology(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise TopologyError("", f"{path} cannot be read: {error}") from error


def read_topology(text: str) -> Topology:
    """Return the topology that `text` describes; `//` starts a comment.

    Raises:
        TopologyError: it is not JSON, or a name, value, limit or filter is wrong.
    """
    config = _Place(read_json(text), "").child("UserConfig")
    namespaces = config.only("Namespaces", "Logging").children("Namespaces")
    if len(namespaces) != 1:
        raise TopologyError("/UserConfig/Namespaces", "exactly one namespace is needed")
    namespace = namespaces[0].only("Name", "Queues", "Topics")
    found = [_queue(place) for place in namespace.children("Queues")]
    found += [_topic(place) for place in namespace.children("Topics")]
    if len(found) > ENTITIES_MAX:
        raise TopologyError(namespace.pointer, f"more than {ENTITIES_MAX} queues and topics")
    destinations = {each.name: each for each in found}
    if len(destinations) < len(found):
        raise TopologyError(namespace.pointer, "two queues or topics have one name")
    return Topology(destinations, {line.path: line for each in found for line in each.lines})


def read_json(text: str) -> Any:
    """Return the JSON of a file that may hold `//` comments.

    Raises:
        TopologyError: it is not JSON, or an object holds a name twice.
    """
    try:
        bare = _COMMENT.sub(lambda match: match.group(1) or "", text)
        return json.loads(bare, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise TopologyError("", f"not JSON: {error}") from error


def duration(text: str) -> timedelta:
    """Return an ISO 8601 duration of days, hours, minutes and seconds.

    Raises:
        ValueError: it is none, or empty.
    """
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ValueError(f"{text!r} is not an ISO 8601 duration such as PT1M")
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _unique(pairs: Sequence[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise TopologyError("", f"given twice in one object: {', '.join(twice)}")
    return found


class _Place:
    """An object of the file and where it stands, so that every complaint says where."""

    def __init__(self, value: Any, pointer: str) -> None:
        if not isinstance(value, dict):
            raise TopologyError(pointer, "an object is needed")
        self.value: Json = value
        self.pointer = pointer

    def only(self, *names: str) -> "_Place":
        unknown = sorted(self.value.keys() - set(names))
        if unknown:
            raise TopologyError(self.pointer, f"unknown: {', '.join(unknown)}")
        return self

    def child(self, name: str) -> "_Place":
        return _Place(self.value.get(name, {}), f"{self.pointer}/{name}")

    def children(self, name: str) -> list["_Place"]:
        found = self.value.get(name, [])
        if not isinstance(found, list):
            raise TopologyError(f"{self.pointer}/{name}", "a list is needed")
        return [_Place(each, f"{self.pointer}/{name}/{i}") for i, each in enumerate(found)]

    def name(self) -> str:
        name = self.value.get("Name")
        if not isinstance(name, str) or not name or "/" in name or "$" in name:
            raise TopologyError(f"{self.pointer}/Name", "a name without / and $ is needed")
        return name

    def flag(self, name: str) -> bool:
        value = self.value.get(name, False)
        if not isinstance(value, bool):
            raise TopologyError(f"{self.pointer}/{name}", "true or false is needed")
        return value

    def whole(self, name: str, usual: int, most: int) -> int:
        value = self.value.get(name, usual)
        if type(value) is not int or not 1 <= value <= most:
            raise TopologyError(f"{self.pointer}/{name}", f"a whole number from 1 to {most}")
        return value

    def span(self, name: str, least: timedelta, most: timedelta) -> timedelta | None:
        text = self.value.get(name)
        if text is None:
            return None
        found = self.reading(name, lambda: duration(str(text)))
        if not least <= found <= most:
            raise TopologyError(f"{self.pointer}/{name}", f"{text} is not within {least} to {most}")
        return found

    def reading(self, name: str, read: Callable[[], T]) -> T:
        """Run `read`; what it finds wrong is a complaint about this place."""
        try:
            return read()
        except ValueError as error:
            raise TopologyError(f"{self.pointer}/{name}", str(error)) from error


def _queue(place: _Place) -> Destination:
    name = place.only("Name", "Properties").name()
    properties = place.child("Properties").only(*_LINE, *_ENTITY)
    return _destination(name, properties, (_line(name, properties),))


def _topic(place: _Place) -> Destination:
    name = place.only("Name", "Properties", "Subscriptions").name()
    properties = place.child("Properties").only(*_ENTITY)
    lines = tuple(_subscription(name, each) for each in place.children("Subscriptions"))
    if len({line.path for line in lines}) < len(lines):
        raise TopologyError(place.pointer, "two subscriptions have one name")
    return _destination(name, properties, lines)


def _subscription(topic: str, place: _Place) -> Line:
    path = f"{topic}/{place.only('Name', 'Properties', 'Rules').name()}"
    rules = tuple(_rule(each) for each in place.children("Rules"))
    return _line(path, place.child("Properties").only(*_LINE), rules)


def _destination(name: str, properties: _Place, lines: tuple[Line, ...]) -> Destination:
    window = properties.span("DuplicateDetectionHistoryTimeWindow", WINDOW_MIN, WINDOW_MAX)
    detects = properties.flag("RequiresDuplicateDetection")
    return Destination(
        name=name,
        duplicate_window=(window or WINDOW_USUAL) if detects else None,
        ttl=_ttl(properties),
        lines=lines,
    )


def _line(path: str, properties: _Place, filters: tuple[Filter, ...] = ()) -> Line:
    for name in sorted(_FORWARDING):
        if properties.value.get(name):
            raise TopologyError(f"{properties.pointer}/{name}", "forwarding is not supported")
    lock = properties.span("LockDuration", timedelta(seconds=1), LOCK_MAX)
    return Line(
        path=path,
        lock=lock or LOCK_USUAL,
        deliveries_max=properties.whole("MaxDeliveryCount", DELIVERIES_USUAL, DELIVERIES_MAX),
        ttl=_ttl(properties),
        keeps_expired=properties.flag("DeadLetteringOnMessageExpiration"),
        requires_session=properties.flag("RequiresSession"),
        filters=filters,
    )


def _ttl(properties: _Place) -> timedelta | None:
    return properties.span("DefaultMessageTimeToLive", timedelta(seconds=1), TTL_MAX)


def _rule(place: _Place) -> Filter:
    place.only("Name", "Properties").name()
    properties = place.child("Properties").only("FilterType", "SqlFilter", "CorrelationFilter")
    match properties.value.get("FilterType"):
        case "Sql":
            text = properties.child("SqlFilter").only("SqlExpression").value.get("SqlExpression")
            return properties.reading("SqlFilter", lambda: compile_sql(str(text or "")))
        case "Correlation":
            place = properties.child("CorrelationFilter")
            system = {name: text for name, text in place.value.items() if name != "Properties"}
            own = place.child("Properties").value
            return properties.reading("CorrelationFilter", lambda: correlation(system, own))
        case _:
            raise TopologyError(f"{properties.pointer}/FilterType", "Sql or Correlation is needed")
