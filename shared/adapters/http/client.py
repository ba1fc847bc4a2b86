"""Calls to addresses that tenants name, made so that they cannot lead inside.

A name is resolved once, every address that it has is checked, and the connection goes to a checked
address while the certificate is checked against the name: what a second resolution would say does
not matter. Redirects are answers like others. The whole call takes 10 s at most.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

from shared.adapters.http.wire import (
    HEAD_BYTES_MAX,
    NotHttp,
    Target,
    read_answer,
    request_bytes,
    target_of,
)
from shared.kernel.addresses import is_public
from shared.kernel.outbound import (
    ANSWER_WITHIN_S,
    AT_ONCE_MAX,
    Answer,
    CallFailure,
    Request,
)

ADDRESSES_MAX: Final = 3  # of one name are tried
LOOPBACK_HOST: Final = "127.0.0.1"
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class _Failed(Exception):
    def __init__(self, failure: CallFailure) -> None:
        super().__init__(failure)
        self.failure = failure


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a name, in the system's order."""
    loop = asyncio.get_running_loop()
    rows = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


class HttpOutbound:
    """The `Outbound` port on asyncio's streams."""

    def __init__(
        self,
        *,
        loopback: bool = False,
        within_s: float = ANSWER_WITHIN_S,
        resolve_with: Resolve = resolve,
        trust: ssl.SSLContext | None = None,
        is_allowed: Callable[[str], bool] = is_public,
    ) -> None:
        """Make a caller.

        Args:
            loopback: lets http://127.0.0.1 through, for tries on one machine.
            within_s: the longest that a call takes.
            resolve_with: how names become addresses.
            trust: whose certificates count; by default the system's.
            is_allowed: which addresses may be called.
        """
        self._loopback, self._within_s = loopback, within_s
        self._resolve, self._trust, self._is_allowed = resolve_with, trust, is_allowed

    async def call(self, request: Request) -> Answer:
        """Call once (see `Outbound`)."""
        try:
            async with asyncio.timeout(self._within_s):
                return await self._call(request)
        except _Failed as failed:
            return Answer(0, failure=failed.failure)
        except TimeoutError:
            return Answer(0, failure=CallFailure.TIMED_OUT)
        except NotHttp:
            return Answer(0, failure=CallFailure.UNREADABLE)
        except ssl.SSLError:
            return Answer(0, failure=CallFailure.NOT_TRUSTED)
        except OSError:
            return Answer(0, failure=CallFailure.NOT_CONNECTED)

    async def call_all(self, requests: Sequence[Request]) -> Sequence[Answer]:
        """Call all, 16 at once (see `Outbound`)."""
        places = asyncio.Semaphore(AT_ONCE_MAX)

        async def one(request: Request) -> Answer:
            async with places:
                return await self.call(request)

        return await asyncio.gather(*(one(request) for request in requests))

    async def _call(self, request: Request) -> Answer:
        try:
            target = target_of(request.url)
        except ValueError as error:
            raise _Failed(CallFailure.ADDRESS_REFUSED) from error
        sent = request_bytes(request, target)
        reader, writer = await self._connect(target)
        try:
            writer.write(sent)
            await writer.drain()
            return await read_answer(reader, request.method)
        finally:
            writer.close()
            with suppress(OSError, TimeoutError):
                # A peer that does not close its side must not hold the call up.
                writer.transport.abort()

    async def _connect(self, target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        problem: OSError | None = None
        for address in await self._addresses(target):
            try:
                return await asyncio.open_connection(
                    address,
                    target.port,
                    limit=HEAD_BYTES_MAX,
                    ssl=self._context() if target.is_tls else None,
                    server_hostname=target.host if target.is_tls else None,
                )
            except ssl.SSLError:
                raise  # another address of the same name is not more trustworthy
            except OSError as error:
                problem = error
        raise _Failed(CallFailure.NOT_CONNECTED) from problem

    async def _addresses(self, target: Target) -> Sequence[str]:
        if self._loopback and target.host == LOOPBACK_HOST:
            return [LOOPBACK_HOST]
        if not target.is_tls:
            raise _Failed(CallFailure.ADDRESS_REFUSED)
        try:
            found = await self._resolve(target.host, target.port)
        except (OSError, UnicodeError) as error:
            raise _Failed(CallFailure.NO_SUCH_HOST) from error
        if not found or not all(self._is_allowed(address) for address in found):
            raise _Failed(CallFailure.ADDRESS_REFUSED)
        return found[:ADDRESSES_MAX]

    def _context(self) -> ssl.SSLContext:
        if self._trust is None:
            self._trust = ssl.create_default_context()
        return self._trust
