"""The console's files, at `/`: read from one folder, never from outside of it."""

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

FILE_BYTES_MAX: Final = 4_000_000
INDEX: Final = "index.html"
TYPES: Final = {
    ".css": b"text/css; charset=utf-8",
    ".html": b"text/html; charset=utf-8",
    ".ico": b"image/vnd.microsoft.icon",
    ".js": b"text/javascript; charset=utf-8",
    ".json": b"application/json",
    ".mjs": b"text/javascript; charset=utf-8",
    ".png": b"image/png",
    ".svg": b"image/svg+xml",
    ".txt": b"text/plain; charset=utf-8",
    ".webp": b"image/webp",
    ".woff2": b"font/woff2",
}
# The console talks to this host only, and nothing else may frame it or run in it.
SAFETY: Final = (
    (
        b"content-security-policy",
        b"default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it is answered; `etag` changes with its content."""

    content: bytes
    content_type: bytes
    etag: bytes

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return the headers: a browser asks again each time and mostly hears 304."""
        return [
            (b"content-type", self.content_type),
            (b"etag", self.etag),
            (b"cache-control", b"no-cache"),
            *SAFETY,
        ]


class Files:
    """The files of a folder; without a folder there are none."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder.resolve() if folder is not None and folder.is_dir() else None

    def find(self, path: str) -> StaticFile | None:
        """Return the file of a decoded path; None for what is no file of a known type in it."""
        if self._folder is None or "\0" in path or "\\" in path:
            return None
        name = path.lstrip("/")
        target = (
            self._folder / (name + INDEX if not name or name.endswith("/") else name)
        ).resolve()
        content_type = TYPES.get(target.suffix.lower())
        # Compared after resolving, so that neither `..` nor a link leads outside.
        if content_type is None or not target.is_relative_to(self._folder):
            return None
        if any(part.startswith(".") for part in target.relative_to(self._folder).parts):
            return None
        try:
            if not target.is_file() or target.stat().st_size > FILE_BYTES_MAX:
                return None
            content = target.read_bytes()
        except OSError:
            return None
        digest = blake2b(content, digest_size=12).hexdigest().encode()
        return StaticFile(content, content_type, b'"' + digest + b'"')
