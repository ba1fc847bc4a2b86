"""The secrets of a process: from its settings, else made once and kept in the data folder."""

import json
import os
import secrets as randomness
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.wiring.settings import Settings, WrongSettings

FILE: Final = "secrets.json"


@dataclass(frozen=True, slots=True)
class Secrets:
    """`pepper` hashes API keys; `platform_key` creates tenants."""

    pepper: bytes
    platform_key: str

    def __repr__(self) -> str:
        return "Secrets(...)"  # never in a log or a traceback


def secrets_of(settings: Settings) -> Secrets:
    """Return the process's secrets; processes of one data folder share them.

    Raises:
        WrongSettings: the kept file cannot be read.
    """
    if settings.pepper and settings.platform_key:
        return Secrets(bytes.fromhex(settings.pepper), settings.platform_key)
    kept = _kept(settings.data / FILE)
    return Secrets(
        bytes.fromhex(settings.pepper) if settings.pepper else kept.pepper,
        settings.platform_key or kept.platform_key,
    )


def _kept(path: Path) -> Secrets:
    if not path.exists():
        _make(path)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Secrets(bytes.fromhex(found["pepper"]), str(found["platform_key"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WrongSettings([f"{path} is not readable as secrets: {error}"]) from error


def _make(path: Path) -> None:
    """Write the file whole or not at all; of two processes that start at once one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    body = {
        "pepper": randomness.token_hex(32),
        "platform_key": f"olp_{randomness.token_urlsafe(32)}",
    }
    draft = path.with_name(f"{FILE}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(body, file)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
