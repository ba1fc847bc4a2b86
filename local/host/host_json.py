"""What host.json says, as far as this host acts on it; what it cannot honor it refuses."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

from pydantic import JsonValue

from local.wrong_use import WrongUse

Section: TypeAlias = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class HostSettings:
    """The defaults are the platform's own.

    Attributes:
        route_prefix: before every route, without slashes; may be empty.
        calls_max: messages in work at once of one function without sessions.
        sessions_max: sessions in work at once of one function.
        session_idle_s: how long an empty session is held.
        batch_max: messages of one invocation with cardinality many.
        batch_min: so many are waited for, but no longer than
        batch_wait_s: this.
        renewal_max_s: how long the lock of a message in work is renewed.
    """

    route_prefix: str = "api"
    calls_max: int = 16
    sessions_max: int = 8
    session_idle_s: float = 60.0
    batch_max: int = 1_000
    batch_min: int = 1
    batch_wait_s: float = 30.0
    renewal_max_s: float = 300.0


def read_host_json(path: Path) -> HostSettings:
    """Read the file; the platform's defaults when there is none.

    Raises:
        WrongUse: it is not host.json of version 2.0, or asks for what is not done here.
    """
    if not path.exists():
        return HostSettings()
    try:
        found: JsonValue = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise WrongUse(f"{path} is not JSON: {error}") from error
    if not isinstance(found, dict) or found.get("version") != "2.0":
        raise WrongUse(f'{path} is not a host.json: "version" must be "2.0"')
    try:
        return _settings(_section(found, "extensions"))
    except (TypeError, ValueError) as error:
        raise WrongUse(f"{path}: {error}") from error


def _settings(extensions: Section) -> HostSettings:
    usual = HostSettings()
    http, bus = _section(extensions, "http"), _section(extensions, "serviceBus")
    if bus.get("autoCompleteMessages", True) is not True:
        raise ValueError("autoCompleteMessages must be true: a Python trigger cannot settle")
    return HostSettings(
        route_prefix=str(http.get("routePrefix", usual.route_prefix)).strip("/"),
        calls_max=_count(bus, "maxConcurrentCalls", usual.calls_max),
        sessions_max=_count(bus, "maxConcurrentSessions", usual.sessions_max),
        session_idle_s=_seconds(bus, "sessionIdleTimeout", usual.session_idle_s),
        batch_max=_count(bus, "maxMessageBatchSize", usual.batch_max),
        batch_min=_count(bus, "minMessageBatchSize", usual.batch_min),
        batch_wait_s=_seconds(bus, "maxBatchWaitTime", usual.batch_wait_s),
        renewal_max_s=_seconds(bus, "maxAutoLockRenewalDuration", usual.renewal_max_s),
    )


def _section(of: Section, name: str) -> Section:
    found = of.get(name, {})
    if not isinstance(found, dict):
        raise TypeError(f"{name} is no object")
    return found


def _count(of: Section, name: str, usual: int) -> int:
    found = of.get(name, usual)
    if not isinstance(found, int) or isinstance(found, bool) or not 1 <= found <= 10_000:
        raise ValueError(f"{name} is a whole number from 1 to 10000, not {found!r}")
    return found


def _seconds(of: Section, name: str, usual: float) -> float:
    found = of.get(name)
    return usual if found is None else seconds_of(str(found))


def seconds_of(text: str) -> float:
    """Return the seconds of a time span as .NET writes it, `hh:mm:ss`.

    Raises:
        ValueError: it is none.
    """
    parts = text.split(":")
    if len(parts) != 3 or not all(part.isdecimal() and part.isascii() for part in parts):
        raise ValueError(f"{text!r} is no time span such as 00:00:05")
    hours, minutes, seconds = (int(part) for part in parts)
    return timedelta(hours=hours, minutes=minutes, seconds=seconds).total_seconds()
