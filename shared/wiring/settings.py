"""Settings of a process, from the environment; read when first asked for, never at import."""

import difflib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal, get_args

PREFIX: Final = "ORDERLOOM_"
# Read by tests and tools only; a process must not stumble over them.
ELSEWHERE: Final = frozenset({"ORDERLOOM_FIXTURES", "ORDERLOOM_CRASHES"})
PACKAGE: Final = Path(__file__).resolve().parents[2]

Synchronous = Literal["FULL", "NORMAL"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


class WrongSettings(ValueError):
    """Settings that are unknown or unusable; every one is named."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Settings:
    """`ORDERLOOM_<NAME>` for each field; the defaults are those of one laptop.

    Attributes:
        environment: the `env` in API keys; a key of another environment is refused.
        data: folder of the embedded databases, claim checks and generated secrets.
        synchronous: SQLite's: NORMAL may lose the last commits at a power cut, FULL does not.
        topology: queues and topics in the format of the Service Bus emulator.
        outbox: folder of customer messages; by default `outbox` in the data folder.
        pepper: hashes API keys (hex, 32 bytes); without one it is made and kept in the data folder.
        platform_key: creates tenants; likewise.
        rate_per_s: requests a second of a tenant and instance, 0 for no limit.
        rate_burst: how many may come at once.
        in_flight_max: requests in work before further ones are shed: about 4 s of work.
        log_level: of our own log lines.
        loopback_webhooks: lets webhook endpoints be http://127.0.0.1, for tries on one machine.
    """

    environment: str = "dev"
    data: Path = Path("data")
    synchronous: Synchronous = "FULL"
    topology: Path = PACKAGE / "infra" / "servicebus.config.json"
    outbox: Path | None = None
    pepper: str = ""
    platform_key: str = ""
    rate_per_s: int = 2_000
    rate_burst: int = 4_000
    in_flight_max: int = 400
    log_level: LogLevel = "INFO"
    loopback_webhooks: bool = False

    @property
    def outbox_folder(self) -> Path:
        """Where customer messages are put."""
        return self.outbox if self.outbox is not None else self.data / "outbox"


def _text(pattern: str, meaning: str) -> Callable[[str], str]:
    def parse(raw: str) -> str:
        if not re.fullmatch(pattern, raw, re.ASCII):
            raise ValueError(meaning)
        return raw

    return parse


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(raw: str) -> str:
        if raw not in choices:
            raise ValueError(f"is one of {', '.join(choices)}")
        return raw

    return parse


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(raw: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", raw, re.ASCII) or not low <= int(raw) <= high:
            raise ValueError(f"is a whole number from {low} to {high}")
        return int(raw)

    return parse


_PARSERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "environment": _text(r"[0-9a-z]{1,12}", "is 1 to 12 of 0-9 and a-z"),
    "data": Path,
    "synchronous": _one_of(*get_args(Synchronous)),
    "topology": Path,
    "outbox": Path,
    "pepper": _text(r"[0-9a-f]{64}", "is 64 hexadecimal digits"),
    "platform_key": _text(r"\S{32,200}", "is 32 to 200 characters without spaces"),
    "rate_per_s": _whole(0, 1_000_000),
    "rate_burst": _whole(1, 1_000_000),
    "in_flight_max": _whole(1, 100_000),
    "log_level": _one_of(*get_args(LogLevel)),
    "loopback_webhooks": lambda raw: _one_of("true", "false")(raw) == "true",
}


def settings_from(environ: Mapping[str, str]) -> Settings:
    """Read the settings of an environment.

    Raises:
        WrongSettings: unknown names (the nearest known one is named) and unusable values, all.
    """
    known = {PREFIX + field.name.upper(): field.name for field in fields(Settings)}
    chosen: dict[str, Any] = {}
    faults: list[str] = []
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or variable in ELSEWHERE:
            continue
        name = known.get(variable)
        if name is None:
            faults.append(_unknown(variable, list(known)))
            continue
        try:
            chosen[name] = _PARSERS[name](environ[variable])
        except ValueError as error:
            faults.append(f"{variable} {error}")
    if faults:
        raise WrongSettings(faults)
    return Settings(**chosen)


def _unknown(variable: str, known: list[str]) -> str:
    nearest = difflib.get_close_matches(variable, known, n=1, cutoff=0)
    return f"{variable} is no setting; the nearest is {nearest[0]}"


def settings_of_process() -> Settings:
    """Read the settings of this process.

    Raises:
        WrongSettings: see `settings_from`.
    """
    return settings_from(os.environ)
