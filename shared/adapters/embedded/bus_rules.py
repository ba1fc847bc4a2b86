"""What the bus does wherever its messages are kept: the rules without the tables.

The bus on SQLite and the one in plain memory stand on them, so that they cannot disagree.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, NamedTuple

from shared.adapters.embedded.bus_rows import DEAD_LETTERS, Row, to_row
from shared.adapters.embedded.bus_topology import Destination, Line, Topology
from shared.kernel.bus import BATCH_MESSAGES_MAX, LockLost, Message, Received

RECEIVED_MAX: Final = 1_000
PEEKED_MAX: Final = 1_000
ACTIVATED_MAX: Final = 1_000  # scheduled messages that one call makes visible
TIDIED_MAX: Final = 1_000  # expired and exhausted messages that one call clears away
SESSIONS_LOOKED_AT_MAX: Final = 1_000
FORGET_EVERY: Final = 64  # messages between two looks for message ids that are too old
REPLAYS_MAX: Final = 1_000  # of one message within its detection window
DETAIL_CHARS_MAX: Final = 4_096
DELIVERIES_UNBOUNDED: Final = 2**31  # dead letters stay until an operator settles them

ORIGINAL_ID: Final = "original-message-id"
EXPIRED: Final = "TTLExpiredException"
EXHAUSTED: Final = "MaxDeliveryCountExceeded"
EXPIRED_DETAIL: Final = "the message expired before it was settled"

Listener = Callable[[frozenset[str]], None]


def session_mark(path: str, session_id: str) -> str:
    """Return what a send announces beside a path: which of its sessions has more to receive."""
    return f"{path}\n{session_id}"


def exhausted_detail(count: int) -> str:
    """Return what a dead letter says that was delivered too often."""
    return f"not settled after {count} deliveries"


def lines_of(topology: Topology) -> dict[str, Line]:
    """Return every line by its path, with the dead-letter queue of each."""
    living = topology.lines
    dead = [_dead_letters_of(line) for line in living.values()]
    return {**living, **{line.path: line for line in dead}}


def _dead_letters_of(line: Line) -> Line:
    return replace(
        line,
        path=line.path + DEAD_LETTERS,
        ttl=None,
        deliveries_max=DELIVERIES_UNBOUNDED,
        requires_session=False,
    )


def destination_of(topology: Topology, name: str) -> Destination:
    """Return what is sent to under a name.

    Raises:
        ValueError: there is none.
    """
    try:
        return topology.destinations[name]
    except KeyError:
        raise ValueError(f"there is no queue or topic {name}") from None


def unknown_line(path: str) -> ValueError:
    return ValueError(f"there is no queue or subscription {path}")


class Outgoing(NamedTuple):
    """A message that may be sent: checked, encoded, and matched with where it goes."""

    message: Message
    row: Row
    lines: tuple[Line, ...]


def outgoing(destination: Destination, message: Message) -> Outgoing:
    """Check a message and find the lines that want it.

    Raises:
        ValueError: it needs a session id, or is beyond the broker's limits.
    """
    lines = matching(destination, message)
    if message.session_id is None and [line for line in lines if line.requires_session]:
        raise ValueError(f"{destination.name} needs a session id: {message.message_id}")
    return Outgoing(message, to_row(message), lines)


def matching(destination: Destination, message: Message) -> tuple[Line, ...]:
    """Return the lines of a destination that want the message: any one of their filters is true."""
    return tuple(
        [
            line
            for line in destination.lines
            if not line.filters or True in [wants(message) for wants in line.filters]
        ]
    )


def replayed(message: Message, is_new: Callable[[Message], bool]) -> Outgoing:
    """Return a dead letter's message under the first id (`<id>#p<n>`) that is new.

    Raises:
        ValueError: none of so many is, or it is beyond the broker's limits under it.
    """
    base, mark, last = message.message_id.rpartition("#p")
    if not (mark and last.isdecimal()):
        base, last = message.message_id, "0"
    original = message.properties.get(ORIGINAL_ID, base)
    properties = {**message.properties, ORIGINAL_ID: original}
    for count in range(int(last) + 1, int(last) + 1 + REPLAYS_MAX):
        copy = message._replace(
            message_id=f"{base}#p{count}", properties=properties, scheduled_at=None
        )
        row = to_row(copy)
        if is_new(copy):
            return Outgoing(copy, row, ())
    raise ValueError(f"{base} was replayed {REPLAYS_MAX} times within its detection window")


def check_batch(size: int) -> None:
    """Refuse a batch that is too large.

    Raises:
        ValueError: it is.
    """
    if size > BATCH_MESSAGES_MAX:
        raise ValueError(f"{size} messages; a batch has at most {BATCH_MESSAGES_MAX}")


def bounded(limit: int, most: int) -> int:
    """Return how many messages are handed out to who asks for `limit`.

    Raises:
        ValueError: he asks for none.
    """
    if limit < 1:
        raise ValueError("at least one message must be asked for")
    return min(limit, most)


def check_receiving(line: Line, session_id: str | None) -> None:
    """Refuse a session where there is none, or none where it is needed.

    Raises:
        ValueError: it is so.
    """
    if line.requires_session is (session_id is None):
        needs = "needs a" if line.requires_session else "has no"
        raise ValueError(f"{line.path} {needs} session")


def check_accepting(line: Line) -> None:
    """Refuse to give sessions of a line that has none.

    Raises:
        ValueError: it has none.
    """
    if not line.requires_session:
        raise ValueError(f"{line.path} has no sessions")


def check_burying(path: str) -> None:
    """Refuse to bury a dead letter.

    Raises:
        ValueError: the path is that of a dead-letter queue.
    """
    if path.endswith(DEAD_LETTERS):
        raise ValueError(f"{path} has no dead-letter queue")


def lost(line: Line, received: Received) -> LockLost:
    return LockLost(f"{line.path}: message {received.sequence_number} is not held")


def session_lost(line: Line, session_id: str) -> LockLost:
    return LockLost(f"{line.path}: session {session_id} is not held")
