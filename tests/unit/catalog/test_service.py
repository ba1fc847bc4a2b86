"""Products and locations in the store: names, versions, search, imports."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from shared.adapters.embedded.documents import EmbeddedDocuments
from shared.adapters.embedded.faults import Crash
from shared.catalog import service
from shared.catalog.decide import CLAIM_GRACE, name_key
from shared.catalog.model import (
    NAME_ID,
    NAMES,
    LocationExists,
    LocationKind,
    NameDocument,
    NameTaken,
    Product,
    ProductExists,
)
from shared.catalog.service import Outcome, RowFault
from shared.kernel.documents import Container, Create, Documents, Stored
from shared.kernel.errors import GuardFailed, Invalid, NotFound, PreconditionFailed
from tests.unit.catalog.interleaving import an_interleaved_store
from tests.unit.catalog.samples import (
    EAN,
    NOW,
    TENANT,
    UPC,
    a_location,
    a_product,
    an_empty_store,
    csv,
)


@pytest.fixture
async def store() -> AsyncIterator[EmbeddedDocuments]:
    async with an_empty_store() as opened:
        yield opened


async def put(store: Documents, **changes: Any) -> Stored[Product]:
    return (await service.put_product(store, TENANT, a_product(**changes), now=NOW)).stored


async def claim_on(store: Documents, name: str) -> Stored[NameDocument] | None:
    return await store.get(TENANT, NAMES, name_key(name), NAME_ID)


async def test_a_product_told_twice_in_the_same_words_is_one_product(
    store: EmbeddedDocuments,
) -> None:
    first = await service.create_product(store, TENANT, a_product(), now=NOW)
    again = await service.create_product(store, TENANT, a_product(), now=NOW)
    assert (first.outcome, again.outcome) == (Outcome.CREATED, Outcome.UNCHANGED)
    assert again.stored.etag == first.stored.etag
    with pytest.raises(ProductExists):
        await service.create_product(store, TENANT, a_product(name="Other"), now=NOW)


async def test_a_product_is_replaced_only_in_the_version_that_was_read(
    store: EmbeddedDocuments,
) -> None:
    with pytest.raises(NotFound):
        await service.replace_product(store, TENANT, a_product(), if_match="x", now=NOW)
    first = await put(store)
    ended = a_product(active=False)
    second = await service.replace_product(store, TENANT, ended, if_match=first.etag, now=NOW)
    assert (second.stored.body.active, second.stored.body.version) == (False, 2)
    with pytest.raises(PreconditionFailed):
        await service.replace_product(store, TENANT, ended, if_match=first.etag, now=NOW)


async def test_of_two_changes_of_one_version_at_once_one_is_turned_away(
    store: EmbeddedDocuments,
) -> None:
    read = await put(store)
    await service.save_product(store, TENANT, a_product(name="One"), read, now=NOW)
    with pytest.raises(GuardFailed):
        await service.save_product(store, TENANT, a_product(name="Two"), read, now=NOW)


async def test_a_faulty_product_is_not_written(store: EmbeddedDocuments) -> None:
    with pytest.raises(Invalid):
        await put(store, step="0")
    assert await service.get_product(store, TENANT, "BOOT-42") is None


async def test_barcodes_aliases_and_skus_lead_to_their_product(store: EmbeddedDocuments) -> None:
    await put(store, barcodes=[UPC, EAN], aliases=["shop / 17"])
    names = ["BOOT-42", UPC, "0" + UPC, EAN, "shop / 17", "nothing", "no / thing"]
    assert await service.resolve(store, TENANT, names) == dict.fromkeys(names[:5], "BOOT-42")
    assert await service.resolve(store, "other", names) == {}


async def test_a_barcode_of_one_product_is_refused_for_another_and_nothing_is_written(
    store: EmbeddedDocuments,
) -> None:
    await put(store, barcodes=[UPC])
    with pytest.raises(NameTaken) as refused:
        await put(store, sku="SOCK", aliases=["sock"], barcodes=["0" + UPC])
    assert refused.value.sku == "BOOT-42"
    assert await service.get_product(store, TENANT, "SOCK") is None
    assert await claim_on(store, "sock") is None


async def test_a_sku_and_a_name_never_mean_two_products(store: EmbeddedDocuments) -> None:
    await put(store, aliases=["SOCK"])
    with pytest.raises(NameTaken):
        await put(store, sku="SOCK")
    with pytest.raises(NameTaken):
        await put(store, sku="GLOVE", aliases=["BOOT-42"])


async def test_a_name_that_a_product_gives_up_is_free_for_another(
    store: EmbeddedDocuments,
) -> None:
    await put(store, barcodes=[UPC])
    await put(store)
    assert await claim_on(store, UPC) is None
    await put(store, sku="SOCK", barcodes=[UPC])
    assert await service.resolve(store, TENANT, [UPC]) == {UPC: "SOCK"}


async def test_a_name_claimed_by_a_writer_that_crashed_leads_nowhere_and_ends(
    store: EmbeddedDocuments,
) -> None:
    left = NameDocument(name=UPC, sku="GONE", claimed_at=NOW)
    await store.batch(TENANT, Container.MASTER, name_key(UPC), [Create(NAMES, NAME_ID, left)])
    assert await service.resolve(store, TENANT, [UPC]) == {}
    with pytest.raises(NameTaken):
        await put(store, barcodes=[UPC])
    later = NOW + CLAIM_GRACE + timedelta(seconds=1)
    await service.put_product(store, TENANT, a_product(barcodes=[UPC]), now=later)
    assert await service.resolve(store, TENANT, [UPC]) == {UPC: "BOOT-42"}


async def test_a_name_freed_and_claimed_again_in_between_stays(store: EmbeddedDocuments) -> None:
    """The first writer read the claim before it wrote; the second claimed the name anew."""
    listed = await put(store, barcodes=[UPC])
    before = await claim_on(store, UPC)
    await service.save_product(store, TENANT, a_product(), listed, now=NOW)
    await put(store, barcodes=[UPC])
    again = await claim_on(store, UPC)
    assert before is not None
    assert again is not None
    assert before.etag != again.etag
    assert await service.resolve(store, TENANT, [UPC]) == {UPC: "BOOT-42"}


@pytest.mark.parametrize("seed", range(5))
async def test_of_many_products_that_claim_one_barcode_at_once_one_has_it(seed: int) -> None:
    async with an_interleaved_store(seed) as (store, _):
        skus = [f"SKU-{n}" for n in range(8)]
        work = [put(store, sku=sku, barcodes=[UPC]) for sku in skus]
        results = await asyncio.gather(*work, return_exceptions=True)
        won = [sku for sku, result in zip(skus, results, strict=True) if isinstance(result, Stored)]
        assert len(won) == 1
        assert sum(isinstance(result, NameTaken) for result in results) == 7
        assert await service.resolve(store, TENANT, [UPC]) == {UPC: won[0]}


@pytest.mark.parametrize("seed", range(25))
async def test_whatever_writers_do_at_once_every_listed_name_leads_to_its_product(
    seed: int,
) -> None:
    """Names move to and fro between versions of two products."""
    async with an_interleaved_store(seed) as (store, _):
        chance = random.Random(seed)
        names = [UPC, EAN, "shop-17"]

        async def write(sku: str) -> None:
            told = a_product(sku=sku, aliases=chance.sample(names, chance.randint(0, 3)))
            with suppress(NameTaken, PreconditionFailed):
                stored = await service.get_product(store, TENANT, sku)
                etag = stored.etag if stored else ""
                await service.replace_product(store, TENANT, told, if_match=etag, now=NOW)

        for sku in ("BOOT-42", "SOCK"):
            await put(store, sku=sku)
        for _ in range(8):
            await asyncio.gather(*(write(sku) for sku in ("BOOT-42", "SOCK") * 3))
        found = await service.products_of(store, TENANT, ["BOOT-42", "SOCK"])
        listed = [(name, sku) for sku, product in found.items() for name in product.aliases]
        assert await service.resolve(store, TENANT, names) == dict(listed)
        assert len(dict(listed)) == len(listed)


@pytest.mark.parametrize("seed", range(10))
async def test_a_name_given_up_and_listed_again_at_once_still_leads_to_its_product(
    seed: int,
) -> None:
    """Freeing many names takes a while: the last of them is claimed again meanwhile."""
    names = [f"shop-{n:02}" for n in range(30)]
    async with an_interleaved_store(seed) as (store, _):

        async def list_again() -> None:
            for _ in range(300):  # until the product without its names is written
                found = await service.get_product(store, TENANT, "BOOT-42")
                if found is not None and not found.body.aliases:
                    break
            await put(store, aliases=names[-1:])

        await put(store, aliases=names)
        await asyncio.gather(put(store), list_again())
        assert await service.resolve(store, TENANT, names) == {names[-1]: "BOOT-42"}


@pytest.mark.parametrize("crash_after", [1, 2, 3])
async def test_a_writer_that_crashed_anywhere_is_made_good_by_the_next_try(
    crash_after: int,
) -> None:
    async with an_interleaved_store() as (store, faults):
        await put(store, barcodes=[UPC])
        faults.crash_after(crash_after)
        told = {"barcodes": [EAN], "aliases": ["shop-17"]}
        with pytest.raises(Crash):
            await put(store, **told)
        await put(store, **told)
        expected = {EAN: "BOOT-42", "shop-17": "BOOT-42"}
        assert await service.resolve(store, TENANT, [UPC, EAN, "shop-17"]) == expected
        await service.put_product(
            store, TENANT, a_product(sku="SOCK", barcodes=[UPC]), now=NOW + CLAIM_GRACE
        )


async def test_many_at_once_who_create_one_product_make_one() -> None:
    async with an_interleaved_store(3) as (at_once, _):
        work = [service.create_product(at_once, TENANT, a_product(), now=NOW) for _ in range(4)]
        work += [service.put_product(at_once, TENANT, a_product(), now=NOW) for _ in range(4)]
        outcomes = Counter(saved.outcome for saved in await asyncio.gather(*work))
        assert outcomes == Counter({Outcome.CREATED: 1, Outcome.UNCHANGED: 7})
        places = [service.create_location(at_once, TENANT, a_location()) for _ in range(4)]
        places += [service.put_location(at_once, TENANT, a_location()) for _ in range(4)]
        counted = Counter(saved.outcome for saved in await asyncio.gather(*places))
        assert counted == Counter({Outcome.CREATED: 1, Outcome.UNCHANGED: 7})


@pytest.mark.parametrize("seed", range(3))
async def test_two_imports_of_one_file_at_once_write_each_row_once(seed: int) -> None:
    goods = csv("sku,name", *(f"S{n},Sock" for n in range(5)))
    places = csv(
        "location_id,name,kind,country,zone,monday",
        *(f"L{n},Shop,store,DE,Europe/Berlin,09:00-18:00" for n in range(5)),
    )
    async with an_interleaved_store(seed) as (store, _):
        both = await asyncio.gather(
            service.import_products(store, TENANT, goods, now=NOW),
            service.import_products(store, TENANT, goods, now=NOW),
        )
        assert sum(report.created for report in both) == 5
        assert sum(report.unchanged for report in both) == 5
        both = await asyncio.gather(
            service.import_locations(store, TENANT, places),
            service.import_locations(store, TENANT, places),
        )
        assert sum(report.created for report in both) == 5
        assert sum(report.unchanged for report in both) == 5


async def test_products_are_found_by_how_their_name_begins_by_category_and_by_tag(
    store: EmbeddedDocuments,
) -> None:
    await put(store, sku="A", name="Überall", category="shirts", tags=["new"])
    await put(store, sku="B", name="über alles", category="records")
    await put(store, sku="C", name="Alpha", category="shirts", active=False)

    async def skus(**asked: Any) -> list[str]:
        page = await service.search_products(store, TENANT, **asked)
        return [row.body.sku for row in page.items]

    assert await skus() == ["C", "B", "A"]
    assert await skus(begins="ÜBER") == ["B", "A"]
    assert await skus(category="shirts") == ["C", "A"]
    assert await skus(tag="new") == ["A"]
    assert await skus(active=True) == ["B", "A"]
    assert await skus(begins="zzz") == []


async def test_a_listing_goes_on_where_its_cursor_says(store: EmbeddedDocuments) -> None:
    for number in range(5):
        await put(store, sku=f"S{number}", name=f"Sock {number}")
    first = await service.search_products(store, TENANT, begins="sock", limit=3)
    rest = await service.search_products(store, TENANT, begins="sock", limit=3, cursor=first.cursor)
    assert [row.body.sku for row in (*first.items, *rest.items)] == ["S0", "S1", "S2", "S3", "S4"]
    assert rest.cursor is None


async def test_a_location_is_created_once_and_replaced_in_the_version_that_was_read(
    store: EmbeddedDocuments,
) -> None:
    first = await service.create_location(store, TENANT, a_location())
    again = await service.create_location(store, TENANT, a_location())
    assert (first.outcome, again.outcome) == (Outcome.CREATED, Outcome.UNCHANGED)
    closed, etag = a_location(active=False), first.stored.etag
    with pytest.raises(LocationExists):
        await service.create_location(store, TENANT, closed)
    saved = await service.replace_location(store, TENANT, closed, if_match=etag)
    assert saved.outcome is Outcome.CHANGED
    with pytest.raises(PreconditionFailed):
        await service.replace_location(store, TENANT, closed, if_match=etag)
    with pytest.raises(NotFound):
        await service.replace_location(
            store, TENANT, a_location(location_id="nowhere"), if_match=etag
        )
    put_again = await service.put_location(store, TENANT, closed)
    assert put_again.outcome is Outcome.UNCHANGED


async def test_locations_are_found_by_kind_and_group(store: EmbeddedDocuments) -> None:
    await service.put_location(store, TENANT, a_location(groups=["city"]))
    hub = a_location(location_id="hub", name="Hub", kind="warehouse", active=False)
    await service.put_location(store, TENANT, hub)

    async def ids(**asked: Any) -> list[str]:
        page = await service.search_locations(store, TENANT, **asked)
        return [row.body.location_id for row in page.items]

    assert await ids() == ["berlin", "hub"]
    assert await ids(kind=LocationKind.WAREHOUSE) == ["hub"]
    assert await ids(group="city") == ["berlin"]
    assert await ids(active=False) == ["hub"]


async def test_good_rows_are_written_and_bad_ones_listed(store: EmbeddedDocuments) -> None:
    await put(store, sku="SOCK", barcodes=[UPC])
    report = await service.import_products(
        store,
        TENANT,
        csv(
            "sku,name,kind,components,barcodes,step",
            "SET,Set,bundle,BOOT*1|SOCK*2,,",  # its component comes in a later row
            "BOOT,Boot,,,,",
            f"HAT,Hat,,,{UPC},",
            "TAPE,Tape,,,,0",
            "CAP,=1+1,,,,",
            "GLOVE,,,,,",
        ),
        now=NOW,
    )
    assert (report.created, report.changed, report.unchanged, report.refused) == (2, 0, 0, 4)
    assert [(error.line, error.column, error.code) for error in report.errors] == [
        (4, None, "name-taken"),
        (5, "step", "step-not-positive"),
        (6, "name", "formula"),
        (7, "name", "missing"),
    ]
    found = await service.products_of(store, TENANT, ["SET", "BOOT", "HAT", "TAPE"])
    assert sorted(found) == ["BOOT", "SET"]
    assert [part.quantity for part in found["SET"].components] == [1, 2]


async def test_the_same_file_again_changes_nothing(store: EmbeddedDocuments) -> None:
    file = csv("sku;name;barcodes", f"BOOT;Boot;{EAN}", "SOCK;Sock;")
    first = await service.import_products(store, TENANT, file, now=NOW)
    before = await service.get_product(store, TENANT, "BOOT")
    again = await service.import_products(store, TENANT, file, now=NOW)
    other = await service.import_products(store, TENANT, csv("sku,tags", "BOOT,new"), now=NOW)
    assert (first.created, again.unchanged, again.changed, other.changed) == (2, 2, 0, 1)
    after = await service.get_product(store, TENANT, "BOOT")
    assert before is not None
    assert after is not None
    assert (before.body.version, after.body.version) == (1, 2)
    assert (after.body.barcodes, after.body.tags) == ((EAN,), ("new",))


async def test_locations_are_imported_row_by_row(store: EmbeddedDocuments) -> None:
    file = csv(
        "location_id,name,kind,country,zone,monday,pickup_enabled",
        "berlin,Berlin,store,DE,Europe/Berlin,09:00-18:00,yes",
        "moon,Moon,store,DE,Moon/Base,09:00-18:00,yes",
        "hub,Hub,warehouse,DE,Europe/Berlin,,",
        "bonn,Bonn,store,DE,Europe/Berlin,late,",
    )
    report = await service.import_locations(store, TENANT, file)
    assert (report.created, report.refused, report.faults) == (1, 3, 3)
    assert [(error.line, error.column, error.code) for error in report.errors] == [
        (3, "zone", "value-error"),
        (4, "monday", "never-open"),
        (5, "monday", "not-a-time"),
    ]
    assert isinstance(report.errors[0], RowFault)
    assert list(await service.all_locations(store, TENANT)) == ["berlin"]
    again = await service.import_locations(store, TENANT, file)
    assert (again.created, again.unchanged) == (0, 1)
