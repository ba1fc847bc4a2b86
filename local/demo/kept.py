"""What the demo keeps beside the databases, so that a second start can go on: `demo.json`."""

import json
import os
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from local.wrong_use import WrongUse

FILE: Final = "demo.json"
MODE: Final = 0o600  # it holds keys


@dataclass(slots=True)
class Kept:
    """Seed and date of the day, how far it came, and the keys, which nobody can read again.

    `stage` is empty before the seed is in, then `open`, `begun` and `done`.
    """

    path: Path
    seed: int
    orders: int
    day: date
    stage: str = ""
    tokens: dict[str, dict[str, str]] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    summary: str = ""

    def token(self, tenant_id: str, name: str) -> str | None:
        return self.tokens.get(tenant_id, {}).get(name)

    def remember(self, tenant_id: str, name: str, token: str) -> None:
        """Keep a key; written at once, since it is shown this once."""
        self.tokens.setdefault(tenant_id, {})[name] = token
        self.save()

    def reach(self, stage: str, summary: str = "") -> None:
        """Note how far the demo came."""
        self.stage, self.summary = stage, summary or self.summary
        self.save()

    def save(self) -> None:
        """Write the file whole or not at all."""
        body = {
            "seed": self.seed,
            "orders": self.orders,
            "day": self.day.isoformat(),
            "stage": self.stage,
            "tokens": self.tokens,
            "secrets": self.secrets,
            "summary": self.summary,
        }
        draft = self.path.with_name(f"{FILE}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(body, file, indent=1)
        draft.replace(self.path)


def kept_in(data: Path, seed: int, orders: int, day: date) -> Kept:
    """Return what an earlier start kept in a folder, else a beginning.

    Raises:
        WrongUse: the file is there and cannot be read.
    """
    path = data / FILE
    if not path.exists():
        return Kept(path, seed, orders, day)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Kept(
            path,
            int(found["seed"]),
            int(found["orders"]),
            date.fromisoformat(found["day"]),
            str(found["stage"]),
            dict(found["tokens"]),
            dict(found["secrets"]),
            str(found["summary"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WrongUse(
            f"{path} is not readable ({error}); remove it or name another --data"
        ) from error
