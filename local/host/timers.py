"""Timer triggers: one process of those that share a store fires each tick.

The lease is one document a timer, replaced under its etag with the instant that is about to be
fired: of several processes one wins. It also tells, after a restart, that a tick was missed while
nobody ran; the last missed one is then fired late, once.
"""

import json
import logging
from datetime import datetime, timedelta
from typing import Final

import azure.functions as func
from azure.functions.meta import Datum

from local.host.bell import Pace
from local.host.index import Indexed, RefusedFunction
from local.host.invoke import LOGGER, Runner
from local.host.ncrontab import Schedule, WrongSchedule, parse_schedule
from local.host.pump import Pump
from shared.kernel.clock import Clock
from shared.kernel.documents import (
    Container,
    Create,
    Document,
    Documents,
    Kind,
    Operation,
    Replace,
    Stored,
)
from shared.kernel.errors import Outside, WriteLost
from shared.tenants.model import PLATFORM

KEY: Final = "timers"
LATE: Final = timedelta(minutes=1)  # a tick that is fired so long after its instant is past due
LOOK_S: Final = 1.0  # clocks may be set, or stepped: nobody sleeps longer than this

_log = logging.getLogger(LOGGER)


class TimerState(Document):
    """When a timer was last due; `last` is that instant, fired or about to be."""

    last: datetime


TIMER_STATE: Final = Kind(Container.MASTER, "timer", TimerState)


def schedule_of(function: Indexed) -> Schedule:
    """Return a timer's schedule.

    Raises:
        RefusedFunction: it is no NCRONTAB expression.
    """
    try:
        return parse_schedule(function.setting("schedule"))
    except WrongSchedule as error:
        raise RefusedFunction(function.name, str(error)) from error


class TimerPump(Pump):
    """Fires one function at its instants."""

    def __init__(
        self, store: Documents, clock: Clock, runner: Runner, function: Indexed, pace: Pace
    ) -> None:
        super().__init__(function)
        self._store, self._clock, self._runner, self._pace = store, clock, runner, pace
        self._schedule = schedule_of(function)
        self._is_busy = False
        self._next: datetime | None = None

    @property
    def is_busy(self) -> bool:
        """Whether the function runs."""
        return self._is_busy

    async def run(self) -> None:
        """Fire at each instant until stopped."""
        if self._function.is_set("run_on_startup"):
            await self._fire(self._clock.now(), is_late=False)
        while not self._is_stopping:
            try:
                await self._look()
            except Outside as error:
                fields = {"function": self._function.name, "code": error.code}
                _log.warning("timer_unavailable", extra=fields)
            await self._bell.wait(self._left_s())

    def _left_s(self) -> float:
        if self._next is None:
            return self._pace.retry_min_s
        left = (self._next - self._clock.now()).total_seconds()
        return min(LOOK_S, max(left, self._pace.poll_min_s))

    async def _look(self) -> None:
        """Fire what is due and not fired by another process."""
        now = self._clock.now()
        if self._next is None:
            state = await self._state()
            self._next = self._schedule.after(now if state is None else state.body.last)
        due = self._schedule.last(self._next, now) if self._next <= now else None
        if due is None:
            self._empty_polls += 1
            return
        is_ours = await self._claim(due)
        self._next = self._schedule.after(due)
        if is_ours:
            await self._fire(due, is_late=now - due >= LATE)

    async def _state(self) -> Stored[TimerState] | None:
        name = self._function.name
        return await self._store.get(PLATFORM, TIMER_STATE, KEY, f"timer:{name}")

    async def _claim(self, due: datetime) -> bool:
        """Take the tick; False when another process has it."""
        state, id = await self._state(), f"timer:{self._function.name}"
        body = TimerState(last=due)
        operation: Operation
        if state is None:
            operation = Create(TIMER_STATE, id, body)
        elif state.body.last < due:
            operation = Replace(TIMER_STATE, id, body, if_match=state.etag)
        else:
            return False
        try:
            await self._store.batch(PLATFORM, Container.MASTER, KEY, [operation])
        except WriteLost:
            return False
        return True

    async def _fire(self, due: datetime, *, is_late: bool) -> None:
        self._is_busy = True
        try:
            request = request_of(self._schedule, due, self._clock.now(), is_late=is_late)
            await self._runner.succeeds(self._function, request)
        finally:
            self._is_busy = False


def request_of(
    schedule: Schedule, due: datetime, now: datetime, *, is_late: bool
) -> func.TimerRequest:
    """Return what a timer function takes, made by the platform's own converter."""
    facts = {
        "Schedule": {"AdjustForDST": True},
        "ScheduleStatus": {
            "Last": due.isoformat(),
            "LastUpdated": now.isoformat(),
            "Next": schedule.after(due).isoformat(),
        },
        "IsPastDue": is_late,
    }
    converter = func.get_binding_registry().get("timerTrigger")
    made = converter.decode(Datum(json.dumps(facts), "json"), trigger_metadata={})
    if not isinstance(made, func.TimerRequest):
        raise TypeError(f"the timer's converter made a {type(made).__name__}")
    return made
