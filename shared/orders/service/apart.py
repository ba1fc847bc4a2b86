"""Exceptions that are about no one order: each in a partition of its own, named by its id."""

from typing import Final

from shared.kernel.documents import Container, Create, Documents, Replace
from shared.kernel.errors import Exists, GuardFailed, NotFound, Unavailable
from shared.orders.decide.change import Act
from shared.orders.decide.exceptions import close_exception
from shared.orders.work import EXCEPTIONS, ExceptionDocument

ATTEMPTS_MAX: Final = 5


async def open_apart(store: Documents, tenant_id: str, opened: ExceptionDocument) -> None:
    """Put work before a person, once: the same id again changes nothing."""
    name = opened.exception_id
    create = Create(EXCEPTIONS, f"exception:{name}", opened)
    try:
        await store.batch(tenant_id, Container.ORDERS, name, (create,))
    except Exists:
        return


async def close_apart(
    store: Documents, exception_id: str, action: str, act: Act
) -> ExceptionDocument:
    """Close such an exception by one of its legal actions, once.

    Raises:
        NotFound: no such exception.
        NotALegalAction, ExceptionClosed: see decide.close_exception.
    """
    name = f"exception:{exception_id}"
    for _ in range(ATTEMPTS_MAX):
        stored = await store.get(act.tenant_id, EXCEPTIONS, exception_id, name)
        if stored is None:
            raise NotFound("exception")
        closed = close_exception(stored.body, action, act)
        if closed is None:
            return stored.body
        write = Replace(EXCEPTIONS, stored.id, closed, stored.etag)
        try:
            await store.batch(act.tenant_id, Container.ORDERS, exception_id, (write,))
        except GuardFailed:
            continue
        return closed
    raise Unavailable(f"{exception_id} is being changed by others")
