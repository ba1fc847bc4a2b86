"""How far the demo has come: a bar on a terminal, plain lines elsewhere."""

from typing import Final, TextIO

WIDTH: Final = 30
LINES: Final = 10  # without a terminal, one for each tenth


class Progress:
    """Writes to one stream; nothing but figures of the demo itself."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._shown = ""
        self._tenth = -1

    def show(self, what: str, done: int, whole: int, where: str) -> None:
        """Show that `done` of `whole` is done; the whole may grow meanwhile."""
        if self._is_terminal:
            filled = WIDTH * done // max(1, whole)
            line = f"{what} [{'#' * filled}{'.' * (WIDTH - filled)}] {done}/{whole} {where}"
            self._stream.write("\r" + line.ljust(len(self._shown)))
            self._stream.flush()
            self._shown = line
            return
        tenth = LINES * done // max(1, whole)
        if tenth > self._tenth:
            self._tenth = tenth
            self._stream.write(f"{what}: {done} of {whole}, {where}\n")
            self._stream.flush()

    def end(self) -> None:
        """Close the bar; the next one begins anew."""
        if self._is_terminal and self._shown:
            self._stream.write("\n")
        self._shown, self._tenth = "", -1
