"""Calling a function as the platform's worker does: on the event loop, or in a thread if sync."""

import asyncio
import logging
import threading
import uuid
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Final, cast

import azure.functions as func

from local.host.index import Indexed

THREADS_MAX: Final = 8
LOGGER: Final = "orderloom"

_log = logging.getLogger(LOGGER)
_thread_storage = threading.local()


class WrongResult(Exception):
    """A function returned what its trigger has no use for."""


def _expect_nothing(function: Indexed, result: object) -> None:
    if result is not None:
        raise WrongResult(f"{function.name} returned {type(result).__name__}, not None")


class InvocationContext(func.Context):
    """What a function learns of its invocation."""

    def __init__(self, function: Indexed) -> None:
        self._function = function
        self._id = str(uuid.uuid4())

    @property
    def invocation_id(self) -> str:
        """Of this one call."""
        return self._id

    @property
    def thread_local_storage(self) -> threading.local:  # type: ignore[override] # as the worker's own, by its parts
        """Where the platform keeps the invocation id of a thread."""
        return _thread_storage

    @property
    def function_name(self) -> str:
        """As indexed."""
        return self._function.name

    @property
    def function_directory(self) -> str:
        """Where the function's module lies."""
        return str(self._function.directory)

    @property
    def trace_context(self) -> SimpleNamespace:  # type: ignore[override] # as the worker's own, by its parts
        """Empty: this host starts no traces."""
        return SimpleNamespace(trace_parent="", trace_state="", attributes={})

    @property
    def retry_context(self) -> SimpleNamespace:  # type: ignore[override] # as the worker's own, by its parts
        """Empty: what is repeated is repeated by the feed or the bus."""
        return SimpleNamespace(retry_count=0, max_retry_count=0, exception=None)


class Runner:
    """Runs functions, counts what is in work, and owns the threads of sync functions."""

    def __init__(self) -> None:
        self.in_work = 0
        self.finished = 0
        self._threads: ThreadPoolExecutor | None = None

    async def call(self, function: Indexed, trigger: object) -> object:
        """Call a function with what triggered it; what it raises is raised here."""
        arguments: dict[str, object] = {function.argument: trigger}
        if function.needs_context:
            arguments["context"] = InvocationContext(function)
        self.in_work += 1
        try:
            if function.is_async:
                return await cast(Awaitable[object], function.call(**arguments))
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool(), lambda: function.call(**arguments))
        finally:
            self.in_work -= 1
            self.finished += 1

    async def succeeds(self, function: Indexed, trigger: object) -> bool:
        """Call a function that returns nothing; log what goes wrong and tell whether it did not.

        Raises:
            asyncio.CancelledError: the host stops.
        """
        try:
            _expect_nothing(function, await self.call(function, trigger))
        except Exception:  # noqa: BLE001 - whatever a function raises means: give it back, again
            _log.exception("invocation_failed", extra={"function": function.name})
            return False
        return True

    def _pool(self) -> ThreadPoolExecutor:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="function")
        return self._threads

    def close(self) -> None:
        """End the threads; what still runs in them is left to end by itself."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
