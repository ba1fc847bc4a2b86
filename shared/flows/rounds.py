"""Where each sweep goes on: rows that are refused again and again do not keep the others waiting.

A round walks what is due when it begins, a bounded number of rows a run; where it stopped is kept
in the tenant's configuration (design 3). What falls due meanwhile is of the next round. Whatever
was refused is looked at again there. When one page holds all that is due, as nearly always, there
is no round: then nothing is read or written of it.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final, Generic, TypeVar

from shared.kernel.conditions import Condition
from shared.kernel.documents import (
    Container,
    Create,
    Document,
    Documents,
    Kind,
    Operation,
    Order,
    Page,
    Replace,
    Stored,
)
from shared.kernel.errors import Unreadable, WriteLost
from shared.kernel.model import Instant, Strict, stamp

CONFIG: Final = "config"
D = TypeVar("D", bound=Document)


class Round(Strict):
    """A round that is under way: what was due by `until`, from `cursor` on."""

    until: Instant
    cursor: str


class Rounds(Document):
    """The rounds of one timer that did not end in one run, by what they walk."""

    rounds: dict[str, Round] = {}


ROUNDS: Final = Kind(Container.MASTER, "sweeprounds", Rounds)


class Due(Generic[D]):
    """What a sweep walks: rows of one kind whose `field` has come, oldest first."""

    def __init__(
        self,
        name: str,
        kind: Kind[D],
        field: str,
        *where: Condition,
        bound: Callable[[datetime], str] = stamp,
    ) -> None:
        self.name, self.kind, self.field, self.where, self.bound = name, kind, field, where, bound


class Walk:
    """One run of a timer over one tenant."""

    def __init__(self, store: Documents, tenant_id: str, timer: str, now: datetime) -> None:
        self._store, self._tenant_id, self._now = store, tenant_id, now
        self._id = f"sweeprounds:{timer}"
        self._is_read = False
        self._stored: Stored[Rounds] | None = None
        self._rounds: dict[str, Round] = {}

    async def rows(self, due: Due[D], limit: int) -> Sequence[Stored[D]]:
        """Return all that is due; the next rows of a round where that is more than `limit`."""
        first = await self._page(due, self._now, None, limit)
        if first.cursor is None:
            self._rounds.pop(due.name, None)
            return first.items
        await self._read()
        begun = self._rounds.pop(due.name, None)
        until, page = self._now, first
        if begun is not None and begun.until <= self._now:
            with suppress(Unreadable):  # an older release wrote it
                rest = await self._page(due, begun.until, begun.cursor, limit)
                if rest.items:
                    until, page = begun.until, rest
        if page.cursor is not None:
            self._rounds[due.name] = Round(until=until, cursor=page.cursor)
        return page.items

    async def _read(self) -> None:
        """Read where the last run stopped, once."""
        if self._is_read:
            return
        self._stored = await self._store.get(self._tenant_id, ROUNDS, CONFIG, self._id)
        self._rounds = dict(self._stored.body.rounds) if self._stored else {}
        self._is_read = True

    async def keep(self) -> None:
        """Write where this run stopped; before its rows are worked, so that none can stop it.

        Whoever wrote it meanwhile is a run of its own, whose position is as good.
        """
        before = self._stored.body.rounds if self._stored else {}
        if self._rounds == before:
            return
        body = Rounds(rounds=self._rounds)
        write: Operation = Create(ROUNDS, self._id, body)
        if self._stored is not None:
            write = Replace(ROUNDS, self._id, body, self._stored.etag)
        try:
            await self._store.batch(self._tenant_id, ROUNDS.container, CONFIG, (write,))
        except WriteLost:
            return

    async def _page(self, due: Due[D], until: datetime, cursor: str | None, limit: int) -> Page[D]:
        return await self._store.query(
            self._tenant_id,
            due.kind,
            where=(*due.where, Condition(due.field, "le", due.bound(until))),
            order=Order(due.field),
            limit=limit,
            cursor=cursor,
        )
