"""Customer messages as files that one can open: a page and a text each, and an index of them.

A message's file is named by its id, so that the same message again is the same file. The index
grows by a line a message: its page is turned around by its style, the newest first.
"""

import asyncio
import hashlib
import re
from html import escape
from pathlib import Path
from typing import Final

from shared.kernel.errors import Unavailable
from shared.notifications.model import CustomerMessage

INDEX: Final = "index.html"
_HEAD: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Outbox</title>
<style>
body { display: flex; flex-direction: column-reverse; justify-content: flex-end; gap: .4rem;
  margin: 2rem; font: 1rem/1.4 system-ui, sans-serif }
p { margin: 0 }
</style></head><body>
"""
_SAFE: Final = re.compile(r"[^0-9A-Za-z_-]+")


class FolderOutbox:
    """The `Messenger` of one machine: `<folder>/<tenant>/<order>/<kind>-<hash>.html` and `.txt`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: CustomerMessage) -> None:
        """Write a message, once (see `Messenger`)."""
        try:
            await asyncio.to_thread(self._write, message)
        except OSError as error:
            raise Unavailable("the outbox folder cannot be written") from error

    async def forget(self, tenant_id: str, order_id: str) -> int:
        """Remove an order's messages (see `Messenger`); the index only names their kind."""
        try:
            return await asyncio.to_thread(_remove, self._place(tenant_id, order_id))
        except OSError as error:
            raise Unavailable("the outbox folder cannot be written") from error

    def _place(self, tenant_id: str, order_id: str) -> Path:
        return self._folder / _name(tenant_id) / _name(order_id)

    def _write(self, message: CustomerMessage) -> None:
        place = self._place(message.tenant_id, message.order_id)
        place.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(message.message_id.encode()).hexdigest()[:12]
        page = place / f"{message.kind.value}-{digest}.html"
        if page.exists():
            return
        page.with_suffix(".txt").write_text(_text(message), encoding="utf-8")
        draft = page.with_suffix(".part")
        draft.write_text(message.html, encoding="utf-8")
        draft.replace(page)
        self._index(message, page)

    def _index(self, message: CustomerMessage, page: Path) -> None:
        index = self._folder / INDEX
        link = page.relative_to(self._folder).as_posix()
        about = f"{message.at} · {message.tenant_id} · {message.kind.value}"
        with index.open("a", encoding="utf-8") as file:  # appended whole: lines do not mix
            head = _HEAD if file.tell() == 0 else ""
            file.write(f'{head}<p>{escape(about)} · <a href="{escape(link)}">open</a>\n')


def _text(message: CustomerMessage) -> str:
    headers = {
        "Message-ID": f"<{message.message_id}@orderloom>",
        "Date": message.at,
        "From": message.sender,
        "To": f"{message.to_name} <{message.to_address}>"
        if message.to_name
        else message.to_address,
        "Subject": message.subject,
    }
    # A line break inside a value would begin a header of its own.
    lines = [f"{name}: {' '.join(value.split())}" for name, value in headers.items()]
    return "\n".join([*lines, "", message.text])


def _name(raw: str) -> str:
    return _SAFE.sub("-", raw)[:120] or "-"


def _remove(place: Path) -> int:
    found = [path for path in place.glob("*") if path.is_file()] if place.is_dir() else []
    for path in found:
        path.unlink(missing_ok=True)
    if place.is_dir() and not any(place.iterdir()):
        place.rmdir()
    return len([path for path in found if path.suffix == ".html"])


class NoOutbox:
    """Keeps nothing: worlds that are in memory only."""

    async def send(self, message: CustomerMessage) -> None:
        """Let the message go."""

    async def forget(self, tenant_id: str, order_id: str) -> int:  # noqa: ARG002 - the port's
        """Nothing is kept."""
        return 0
