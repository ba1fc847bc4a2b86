"""Write products and claim their names.

A name lies in another partition than the product that lists it, so it is claimed first and freed
last. Every claim of a name that the product does not list yet gives the claim a new etag: whoever
is about to free it, having read it before, then leaves it alone.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from shared.catalog.decide import (
    check_product,
    could_be_sku,
    gained_and_lost,
    is_same,
    name_key,
    product_of,
    refuse_taken,
)
from shared.catalog.model import (
    NAME_ID,
    NAMES,
    PRODUCTS,
    NameDocument,
    NameTaken,
    Product,
    ProductDetails,
    ProductExists,
)
from shared.catalog.service.reading import get_product, products_of
from shared.catalog.service.saved import ATTEMPTS_MAX, Outcome, Saved
from shared.kernel.documents import Container, Create, Delete, Documents, Operation, Replace, Stored
from shared.kernel.errors import NotFound, PreconditionFailed, Unavailable, WriteLost


async def create_product(
    store: Documents, tenant_id: str, told: ProductDetails, *, now: datetime
) -> Saved[Product]:
    """Write a new product; told again in the same words it is the same product.

    Raises:
        Invalid: every fault of it.
        NameTaken: the SKU, a barcode or an alias names another product.
        ProductExists: there is one of that SKU with other contents.
    """
    for _ in range(ATTEMPTS_MAX):
        stored = await get_product(store, tenant_id, told.sku)
        if stored is not None and not is_same(told, stored.body):
            raise ProductExists(told.sku)
        with suppress(WriteLost):
            return await save_product(store, tenant_id, told, stored, now=now)
    raise Unavailable(f"product {told.sku} is contended")


async def replace_product(
    store: Documents, tenant_id: str, told: ProductDetails, *, if_match: str, now: datetime
) -> Saved[Product]:
    """Write the product over the version that the caller read; it is ended by `active`.

    Raises:
        NotFound: there is no such product.
        PreconditionFailed: it was changed since.
        Invalid, NameTaken: as for a new one.
    """
    stored = await get_product(store, tenant_id, told.sku)
    if stored is None:
        raise NotFound("product")
    if stored.etag != if_match:
        raise PreconditionFailed
    try:
        return await save_product(store, tenant_id, told, stored, now=now)
    except WriteLost as error:
        raise PreconditionFailed from error


async def put_product(
    store: Documents, tenant_id: str, told: ProductDetails, *, now: datetime
) -> Saved[Product]:
    """Write the product whatever stood there before: seeds and full feeds.

    Raises:
        Invalid, NameTaken: as for a new one.
    """
    for _ in range(ATTEMPTS_MAX):
        stored = await get_product(store, tenant_id, told.sku)
        with suppress(WriteLost):
            return await save_product(store, tenant_id, told, stored, now=now)
    raise Unavailable(f"product {told.sku} is contended")


async def save_product(
    store: Documents,
    tenant_id: str,
    told: ProductDetails,
    stored: Stored[Product] | None,
    *,
    now: datetime,
) -> Saved[Product]:
    """Write the product over the version given; nothing is written when it says the same.

    Raises:
        Invalid, NameTaken: as for a new one.
        WriteLost: it is another version by now.
    """
    before = stored.body if stored else None
    if stored is not None and is_same(told, stored.body):
        return Saved(Outcome.UNCHANGED, stored)
    skus = [component.sku for component in told.components]
    check_product(told, before, await products_of(store, tenant_id, skus))
    gained, lost = gained_and_lost(before, told)
    freed = await _claims(store, tenant_id, lost)
    await _claim(store, tenant_id, gained, told.sku, now)
    if stored is None:
        await _refuse_sku_that_is_a_name(store, tenant_id, told.sku, now)
    body = product_of(told, before)
    operation: Operation = (
        Replace(PRODUCTS, "product", body, stored.etag)
        if stored
        else Create(PRODUCTS, "product", body)
    )
    key = f"product:{told.sku}"
    (etag,) = await store.batch(tenant_id, Container.MASTER, key, [operation])
    for claim in freed:
        with suppress(WriteLost):
            gone = Delete(NAMES, NAME_ID, claim.etag)
            await store.batch(tenant_id, Container.MASTER, claim.key, [gone])
    outcome = Outcome.CHANGED if stored else Outcome.CREATED
    return Saved(outcome, Stored("product", key, etag, body))


async def _claims(
    store: Documents, tenant_id: str, names: Sequence[str]
) -> list[Stored[NameDocument]]:
    found = [await store.get(tenant_id, NAMES, name_key(name), NAME_ID) for name in names]
    return [claim for claim in found if claim is not None]


async def _claim(
    store: Documents, tenant_id: str, names: Sequence[str], sku: str, now: datetime
) -> None:
    """Claim all names or, where one is another's, refuse before the first is written.

    What is claimed stays so if the product is not written after all, for `CLAIM_GRACE`: taking it
    back could take it from another writer of the same product.
    """
    writes = [await _claim_of(store, tenant_id, name, sku, now) for name in names]
    for name, operation in zip(names, writes, strict=True):
        if not await _is_written(store, tenant_id, name, operation):
            await _claim_anew(store, tenant_id, name, sku, now)


async def _claim_anew(store: Documents, tenant_id: str, name: str, sku: str, now: datetime) -> None:
    for _ in range(ATTEMPTS_MAX):
        operation = await _claim_of(store, tenant_id, name, sku, now)
        if await _is_written(store, tenant_id, name, operation):
            return
    raise Unavailable(f"a name of {sku} is contended")


async def _is_written(store: Documents, tenant_id: str, name: str, operation: Operation) -> bool:
    with suppress(WriteLost):
        await store.batch(tenant_id, Container.MASTER, name_key(name), [operation])
        return True
    return False


async def _claim_of(
    store: Documents, tenant_id: str, name: str, sku: str, now: datetime
) -> Operation:
    if could_be_sku(name) and await get_product(store, tenant_id, name) is not None:
        raise NameTaken(name, name)
    found = await store.get(tenant_id, NAMES, name_key(name), NAME_ID)
    body = NameDocument(name=name, sku=sku, claimed_at=now)
    if found is None:
        return Create(NAMES, NAME_ID, body)
    holder = await get_product(store, tenant_id, found.body.sku)
    refuse_taken(found.body, holder.body if holder else None, name, sku, now)
    return Replace(NAMES, NAME_ID, body, found.etag)


async def _refuse_sku_that_is_a_name(
    store: Documents, tenant_id: str, sku: str, now: datetime
) -> None:
    """Refuse a new SKU that names another product already.

    Both at once may slip through: then the SKU is what the name means, as `find_product` says.
    """
    found = await store.get(tenant_id, NAMES, name_key(sku), NAME_ID)
    if found is not None:
        holder = await get_product(store, tenant_id, found.body.sku)
        refuse_taken(found.body, holder.body if holder else None, sku, sku, now)
