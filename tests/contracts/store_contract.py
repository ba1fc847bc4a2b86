"""What every document store must do alike; one class, run over each adapter."""

import dataclasses
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from shared.kernel.clock import SteppedClock
from shared.kernel.conditions import Assign, Comparison, Condition, Increment, Scalar
from shared.kernel.documents import (
    Change,
    Container,
    Create,
    Delete,
    Document,
    Documents,
    Feed,
    Kind,
    Operation,
    Order,
    Page,
    Patch,
    Replace,
    Stored,
)
from shared.kernel.errors import Exists, GuardFailed, Missing, Unreadable

START = datetime(2026, 11, 22, 9, tzinfo=UTC)


class Thing(Document):
    """Fields of every type that a condition can name."""

    name: str = ""
    count: int | None = None
    flag: bool | None = None
    value: str | int | bool | None = None
    tags: tuple[str | int | bool, ...] = ()
    note: str = ""


class Other(Document):
    name: str = ""


FIELDS = ("name", "count", "flag", "value", "tags")
THING = Kind(Container.ORDERS, "thing", Thing, FIELDS)
STOCK_THING = Kind(Container.STOCK, "thing", Thing, FIELDS)
MASTER_THING = Kind(Container.MASTER, "thing", Thing, FIELDS)
KINDS = (THING, STOCK_THING, MASTER_THING)
OTHER = Kind(Container.ORDERS, "other", Other, ("name",))


async def put(store: Documents, id: str, body: Thing, key: str = "k", **more: Any) -> str:
    """Create one thing; returns its etag."""
    tenant, kind = more.pop("tenant", "acme"), more.pop("kind", THING)
    operation = Create(kind, id, body, **more)
    (etag,) = await store.batch(tenant, kind.container, key, [operation])
    return etag


async def write(store: Documents, *operations: Operation, key: str = "k") -> tuple[str, ...]:
    return await store.batch("acme", Container.ORDERS, key, operations)


async def read(store: Documents, id: str, key: str = "k") -> Stored[Thing]:
    found = await store.get("acme", THING, key, id)
    assert found is not None
    return found


async def walk(store: Documents, **query: Any) -> list[str]:
    """All ids of a query, page by page."""
    ids: list[str] = []
    cursor: str | None = None
    kind = query.pop("kind", THING)
    for _ in range(200):
        page: Page[Thing] = await store.query("acme", kind, cursor=cursor, **query)
        ids += [item.id for item in page.items]
        cursor = page.cursor
        if cursor is None:
            return ids
    raise AssertionError("the pages have no end")


async def drain(feed: Feed, limit: int = 100) -> list[Change]:
    """Read and checkpoint until there is nothing."""
    seen: list[Change] = []
    for _ in range(500):
        batches = await feed.read(limit)
        if not batches:
            return seen
        for batch in batches:
            seen += batch.changes
            assert await feed.checkpoint(batch)
    raise AssertionError("the feed has no end")


# What a condition is asked of, and what it asks: everything against everything.
VALUES: tuple[Scalar | None, ...] = (
    None, True, False, 0, 1, 2, -1, 2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1,
    "", "0", "1", "true", "A", "a", "b", "ä", "z", "\ufb01", "\U0001f600", "a\u0000b", "'; --",
)  # fmt: skip
COMPARISONS: tuple[Comparison, ...] = ("eq", "ne", "lt", "le", "gt", "ge", "exists", "absent")


class StoreContract:
    """A subclass gives the fixtures `store` and `clock`, and may override `break_body`."""

    # -- single writes -------------------------------------------------------------------------

    async def test_what_was_created_can_be_read(self, store: Documents) -> None:
        body = Thing(name="boots", count=3, flag=True, tags=("a", 1), note="new")
        etag = await put(store, "t1", body)
        assert await store.get("acme", THING, "k", "t1") == Stored("t1", "k", etag, body)

    async def test_what_was_never_created_is_none(self, store: Documents) -> None:
        assert await store.get("acme", THING, "k", "t1") is None

    async def test_an_id_is_taken_once(self, store: Documents) -> None:
        await put(store, "t1", Thing(name="first"))
        with pytest.raises(Exists) as caught:
            await put(store, "t1", Thing(name="second"))
        assert (caught.value.index, caught.value.document_id) == (0, "t1")
        assert (await read(store, "t1")).body.name == "first"

    async def test_an_id_is_taken_whatever_the_type(self, store: Documents) -> None:
        await put(store, "t1", Thing())
        with pytest.raises(Exists):
            await write(store, Create(OTHER, "t1", Other()))

    async def test_the_same_id_lives_in_every_partition_and_container(
        self, store: Documents
    ) -> None:
        for kind in KINDS:
            for key in ("k", "l"):
                await put(store, "t1", Thing(name=f"{kind.container}{key}"), key, kind=kind)
        found = await store.get("acme", STOCK_THING, "l", "t1")
        assert found is not None
        assert found.body.name == "stockl"

    async def test_another_type_is_absent(self, store: Documents) -> None:
        etag = await put(store, "t1", Thing())
        assert await store.get("acme", OTHER, "k", "t1") is None
        for operation in (
            Replace(OTHER, "t1", Other(), etag),
            Delete(OTHER, "t1", etag),
            Patch(OTHER, "t1", (Assign("name", "x"),)),
        ):
            with pytest.raises(Missing):
                await write(store, operation)

    async def test_a_replace_with_the_etag_succeeds(self, store: Documents) -> None:
        etag = await put(store, "t1", Thing(name="a"))
        (later,) = await write(store, Replace(THING, "t1", Thing(name="b"), etag))
        assert later != etag
        assert await read(store, "t1") == Stored("t1", "k", later, Thing(name="b"))

    async def test_the_second_writer_of_the_same_version_is_turned_away(
        self, store: Documents
    ) -> None:
        etag = await put(store, "t1", Thing(name="a"))
        await write(store, Replace(THING, "t1", Thing(name="b"), etag))
        with pytest.raises(GuardFailed):
            await write(store, Replace(THING, "t1", Thing(name="c"), etag))
        assert (await read(store, "t1")).body.name == "b"

    @pytest.mark.parametrize("etag", ["", "0", "nonsense", '"1"', "*", "99999999999999999999"])
    async def test_a_strange_etag_never_matches(self, store: Documents, etag: str) -> None:
        await put(store, "t1", Thing(name="a"))
        for operation in (Replace(THING, "t1", Thing(), etag), Delete(THING, "t1", etag)):
            with pytest.raises(GuardFailed):
                await write(store, operation)

    async def test_what_is_missing_cannot_be_changed(self, store: Documents) -> None:
        for operation in (
            Replace(THING, "t1", Thing(), "1"),
            Delete(THING, "t1", "1"),
            Patch(THING, "t1", (Increment("count", 1),)),
        ):
            with pytest.raises(Missing):
                await write(store, operation)
        assert await store.get("acme", THING, "k", "t1") is None

    async def test_a_deleted_document_is_gone_and_its_id_free(self, store: Documents) -> None:
        etag = await put(store, "t1", Thing(name="a"))
        assert await write(store, Delete(THING, "t1", etag)) == ("",)
        assert await store.get("acme", THING, "k", "t1") is None
        assert await walk(store, where=[Condition("name", "eq", "a")]) == []
        again = await put(store, "t1", Thing(name="b"))
        assert again != etag

    async def test_every_write_changes_the_etag(self, store: Documents) -> None:
        etags = [await put(store, "t1", Thing(count=0))]
        for _ in range(3):
            etags += await write(store, Patch(THING, "t1", (Increment("count", 0),)))
        etags += await write(store, Replace(THING, "t1", Thing(), etags[-1]))
        assert len(set(etags)) == 5
        assert (await read(store, "t1")).etag == etags[-1]

    # -- patches -------------------------------------------------------------------------------

    async def test_a_patch_adds_sets_and_removes(self, store: Documents) -> None:
        await put(store, "t1", Thing(name="a", count=5, flag=True))
        operations = (
            Increment("count", -7),
            Assign("flag", None),
            Assign("name", "b"),
            Assign("tags", ["x"]),
        )
        await write(store, Patch(THING, "t1", operations))
        assert (await read(store, "t1")).body == Thing(name="b", count=-2, tags=("x",))

    async def test_an_increment_of_nothing_starts_at_zero(self, store: Documents) -> None:
        await put(store, "t1", Thing())
        await write(store, Patch(THING, "t1", (Increment("count", 4),)))
        assert (await read(store, "t1")).body.count == 4

    async def test_a_patch_whose_condition_fails_changes_nothing(self, store: Documents) -> None:
        etag = await put(store, "t1", Thing(count=2))
        with pytest.raises(GuardFailed):
            await write(
                store, Patch(THING, "t1", (Increment("count", -3),), (Condition("count", "ge", 3),))
            )
        assert await read(store, "t1") == Stored("t1", "k", etag, Thing(count=2))

    async def test_all_conditions_of_a_patch_must_hold(self, store: Documents) -> None:
        await put(store, "t1", Thing(name="a", count=5))
        when = (Condition("count", "ge", 5), Condition("name", "eq", "b"))
        with pytest.raises(GuardFailed):
            await write(store, Patch(THING, "t1", (Increment("count", -5),), when))
        await write(store, Patch(THING, "t1", (Increment("count", -5),), when[:1]))
        assert (await read(store, "t1")).body.count == 0

    async def test_a_counter_is_exact_beyond_the_floating_numbers(self, store: Documents) -> None:
        await put(store, "t1", Thing(count=2**53))
        await write(store, Patch(THING, "t1", (Increment("count", 1),)))
        assert (await read(store, "t1")).body.count == 2**53 + 1

    async def test_the_last_unit_is_sold_once(self, store: Documents) -> None:
        await put(store, "t1", Thing(count=1))
        patch = Patch(THING, "t1", (Increment("count", -1),), (Condition("count", "ge", 1),))
        await write(store, patch)
        with pytest.raises(GuardFailed):
            await write(store, patch)
        assert (await read(store, "t1")).body.count == 0

    @pytest.mark.parametrize("comparison", COMPARISONS)
    async def test_a_condition_means_the_same_in_a_patch_a_query_and_the_kernel(
        self, store: Documents, comparison: Comparison
    ) -> None:
        bodies = {f"v{n:02}": Thing(value=value) for n, value in enumerate(VALUES)}
        await write(store, *(Create(THING, id, body) for id, body in bodies.items()))
        shown = {id: body.model_dump(mode="json", exclude_none=True) for id, body in bodies.items()}
        for asked in VALUES:
            condition = Condition("value", comparison, asked)
            expected = [id for id in bodies if condition.holds(shown[id])]
            assert await walk(store, where=[condition]) == expected, condition
            assert sorted(await walk(store, where=[condition], order=Order("name"))) == expected
            patched = [id for id in bodies if await _is_patched(store, id, condition)]
            assert patched == expected, condition

    @pytest.mark.parametrize("asked", [True, False, 0, 1, 2, "", "1", "true", "a", "b", 2**53 + 1])
    async def test_contains_looks_at_items_of_arrays_with_their_types(
        self, store: Documents, asked: Scalar
    ) -> None:
        arrays: list[tuple[Scalar, ...]] = [
            (), (1,), (True,), ("1",), (1, True, "1"), ("a", "b"), ("ab",), (False, 0), ("",),
            ("true",), (2**53 + 1,), (2**53,), ("b", "b", "b"),
        ]  # fmt: skip
        bodies = {f"a{n:02}": Thing(tags=tags, name="a") for n, tags in enumerate(arrays)}
        await write(store, *(Create(THING, id, body) for id, body in bodies.items()))
        for field in ("tags", "name"):
            condition = Condition(field, "contains", asked)
            expected = [
                id for id, body in bodies.items() if condition.holds(body.model_dump(mode="json"))
            ]
            assert await walk(store, where=[condition]) == expected
            assert [id for id in bodies if await _is_patched(store, id, condition)] == expected

    # -- batches -------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("failing", "error"),
        [
            (Create(THING, "there", Thing()), Exists),
            (Replace(THING, "gone", Thing(), "1"), Missing),
            (Replace(THING, "there", Thing(), "no"), GuardFailed),
            (Delete(THING, "gone", "1"), Missing),
            (Delete(THING, "there", "no"), GuardFailed),
            (Patch(THING, "gone", (Increment("count", 1),)), Missing),
            (
                Patch(THING, "there", (Increment("count", 1),), (Condition("count", "gt", 9),)),
                GuardFailed,
            ),
        ],
    )
    @pytest.mark.parametrize("index", [0, 1, 3])
    async def test_a_batch_is_all_or_nothing_and_names_what_failed(
        self, store: Documents, failing: Operation, error: type[Exception], index: int
    ) -> None:
        etag = await put(store, "there", Thing(count=1))
        await put(store, "bystander", Thing(count=1))
        good: list[Operation] = [
            Create(THING, "new", Thing(name="new")),
            Patch(THING, "bystander", (Increment("count", 1), Assign("name", "touched"))),
            Create(THING, "newer", Thing()),
        ]
        with pytest.raises(error) as caught:
            await write(store, *good[:index], failing, *good[index:])
        assert caught.value.index == index  # type: ignore[attr-defined] # all are WriteLost
        assert caught.value.document_id == failing.id  # type: ignore[attr-defined] # as above
        assert (await read(store, "there")).etag == etag
        assert (await read(store, "bystander")).body == Thing(count=1)
        assert await walk(store) == ["bystander", "there"]
        assert await walk(store, where=[Condition("name", "exists")], order=Order("name")) == [
            "bystander",
            "there",
        ]

    async def test_a_batch_returns_an_etag_for_each_operation(self, store: Documents) -> None:
        a = await put(store, "a", Thing(count=1))
        b = await put(store, "b", Thing())
        etags = await write(
            store,
            Replace(THING, "a", Thing(name="x"), a),
            Delete(THING, "b", b),
            Create(THING, "c", Thing()),
        )
        assert etags == ((await read(store, "a")).etag, "", (await read(store, "c")).etag)

    async def test_operations_of_a_batch_see_those_before_them(self, store: Documents) -> None:
        await write(
            store,
            Create(THING, "a", Thing(count=1)),
            Patch(THING, "a", (Increment("count", 1),), (Condition("count", "eq", 1),)),
        )
        assert (await read(store, "a")).body.count == 2

    async def test_a_failed_write_leaves_the_next_one_alone(self, store: Documents) -> None:
        await put(store, "a", Thing())
        with pytest.raises(Exists):
            await put(store, "a", Thing())
        await put(store, "b", Thing())
        assert await walk(store) == ["a", "b"]

    # -- limits --------------------------------------------------------------------------------

    async def test_a_batch_has_at_most_a_hundred_operations(self, store: Documents) -> None:
        await write(store, *(Create(THING, f"t{n:03}", Thing()) for n in range(100)))
        assert len(await walk(store)) == 100
        for count in (0, 101):
            with pytest.raises(ValueError, match="operations"):
                await write(store, *(Create(THING, f"u{n}", Thing()) for n in range(count)))

    async def test_a_batch_has_at_most_two_megabytes(self, store: Documents) -> None:
        half = Thing(note="x" * 990_000)
        await write(store, Create(THING, "a", half), Create(THING, "b", half))
        with pytest.raises(ValueError, match="bytes"):
            await write(store, *(Create(THING, f"c{n}", half) for n in range(3)))
        assert (await read(store, "a")).body == half
        assert await walk(store) == ["a", "b"]

    async def test_a_document_has_at_most_two_megabytes(self, store: Documents) -> None:
        with pytest.raises(ValueError, match="bytes"):
            await put(store, "a", Thing(note="x" * 2_000_001))
        await put(store, "a", Thing(note="x" * 1_990_000))
        with pytest.raises(ValueError, match="bytes"):
            await write(store, Patch(THING, "a", (Assign("name", "y" * 20_000),)))
        assert (await read(store, "a")).body.name == ""

    async def test_a_patch_has_one_to_ten_operations(self, store: Documents) -> None:
        await put(store, "a", Thing(count=0))
        await write(store, Patch(THING, "a", (Increment("count", 1),) * 10))
        for count in (0, 11):
            with pytest.raises(ValueError, match="patch"):
                await write(store, Patch(THING, "a", (Increment("count", 1),) * count))
        assert (await read(store, "a")).body.count == 10

    @pytest.mark.parametrize("id", ["", "a/b", "a\\b", "a?b", "a#b", "a ", "x" * 256, "ü" * 128])
    async def test_an_id_that_some_store_refuses_is_refused_by_all(
        self, store: Documents, id: str
    ) -> None:
        with pytest.raises(ValueError, match="id"):
            await put(store, id, Thing())
        assert await walk(store) == []

    @pytest.mark.parametrize("limit", [0, -1, 1_001])
    async def test_a_page_has_one_to_a_thousand_documents(
        self, store: Documents, limit: int
    ) -> None:
        with pytest.raises(ValueError, match="page"):
            await store.query("acme", THING, limit=limit)

    async def test_a_kind_lives_in_its_own_container(self, store: Documents) -> None:
        with pytest.raises(ValueError, match="orders"):
            await store.batch("acme", Container.ORDERS, "k", [Create(STOCK_THING, "a", Thing())])

    @pytest.mark.parametrize(
        "text",
        ["plain", "ü", "日本語", "\U0001f600", "a'b\"c", "a%b_c", "x" * 255, "  a", "a:b.c|d"],
    )
    async def test_ids_keys_and_values_are_any_unicode(self, store: Documents, text: str) -> None:
        await put(store, text, Thing(name=text, tags=(text,)), key=text)
        found = await read(store, text, key=text)
        assert (found.id, found.key, found.body.name) == (text, text, text)
        assert await walk(store, where=[Condition("name", "eq", text)]) == [text]
        assert await walk(store, where=[Condition("tags", "contains", text)], key=text) == [text]

    # -- tenants -------------------------------------------------------------------------------

    async def test_another_tenant_sees_and_changes_nothing(self, store: Documents) -> None:
        for kind in KINDS:
            etag = await put(store, "t1", Thing(name="a", count=1), kind=kind)
            assert await store.get("rival", kind, "k", "t1") is None
            for query in (
                {},
                {"key": "k"},
                {"where": [Condition("name", "eq", "a")]},
                {"where": [Condition("name", "ne", "b")], "order": Order("count")},
                {"order": Order("name", descending=True), "key": "k"},
            ):
                assert (await store.query("rival", kind, **query)).items == ()
            for operation in (
                Replace(kind, "t1", Thing(), etag),
                Delete(kind, "t1", etag),
                Patch(kind, "t1", (Increment("count", 1),)),
            ):
                with pytest.raises(Missing):
                    await store.batch("rival", kind.container, "k", [operation])
            await put(store, "t1", Thing(name="theirs"), kind=kind, tenant="rival")
            mine = await store.get("acme", kind, "k", "t1")
            assert mine == Stored("t1", "k", etag, Thing(name="a", count=1))

    async def test_tenant_and_key_do_not_run_into_each_other(self, store: Documents) -> None:
        await put(store, "t1", Thing(name="a"), key="bc", tenant="a")
        assert await store.get("ab", THING, "c", "t1") is None

    # -- queries -------------------------------------------------------------------------------

    async def test_a_query_without_order_is_by_id(self, store: Documents) -> None:
        for id in ("b", "a", "B", "ä", "10", "9"):
            await put(store, id, Thing(), key=f"key-{id}")
        assert await walk(store, limit=2) == ["10", "9", "B", "a", "b", "ä"]

    async def test_a_query_of_a_partition_sees_only_that(self, store: Documents) -> None:
        await put(store, "a", Thing(count=1), key="k1")
        await put(store, "b", Thing(count=1), key="k2")
        await put(store, "c", Thing(count=1), key="k1")
        assert await walk(store, key="k1") == ["a", "c"]
        assert await walk(store, key="k1", order=Order("count", descending=True)) == ["c", "a"]
        assert await walk(store, key="k1", where=[Condition("count", "eq", 1)]) == ["a", "c"]
        assert await walk(store, key="k3") == []

    async def test_a_query_sees_only_its_kind(self, store: Documents) -> None:
        await put(store, "a", Thing(name="x"))
        await write(store, Create(OTHER, "b", Other(name="x")))
        assert await walk(store, where=[Condition("name", "eq", "x")]) == ["a"]

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.container))
    @pytest.mark.parametrize("is_descending", [False, True])
    @pytest.mark.parametrize("key", [None, "k0"])
    async def test_pages_over_equal_values_neither_skip_nor_repeat(
        self, store: Documents, kind: Kind[Thing], *, is_descending: bool, key: str | None
    ) -> None:
        places = [(f"k{n % 2}", f"t{n % 7}-{n:02}", n % 3) for n in range(40)]
        for place, id, count in places:
            await put(store, id, Thing(count=count), key=place, kind=kind)
        wanted = [(count, id) for place, id, count in places if key in {None, place}]
        expected = [id for _, id in sorted(wanted, reverse=is_descending)]
        order = Order("count", descending=is_descending)
        for limit in (1, 3, 7, 1000):
            assert await walk(store, kind=kind, order=order, limit=limit, key=key) == expected

    async def test_one_id_in_many_partitions_is_walked_completely(self, store: Documents) -> None:
        for n in range(9):
            for kind in KINDS:
                await put(store, "level", Thing(count=1, name="x"), key=f"sku{n}", kind=kind)
        queries: tuple[dict[str, Any], ...] = (
            {},
            {"order": Order("count")},
            {"where": [Condition("name", "eq", "x")]},
            {"where": [Condition("count", "ge", 0)], "order": Order("name", descending=True)},
        )
        for kind in KINDS:
            for query in queries:
                keys: list[str] = []
                cursor: str | None = None
                while len(keys) < 20:
                    page = await store.query("acme", kind, limit=2, cursor=cursor, **query)
                    keys += [item.key for item in page.items]
                    cursor = page.cursor
                    if cursor is None:
                        break
                assert sorted(keys) == [f"sku{n}" for n in range(9)]

    async def test_documents_that_do_not_change_are_neither_skipped_nor_repeated_by_others(
        self, store: Documents
    ) -> None:
        for n in range(0, 40, 2):
            await put(store, f"t{n:02}", Thing(count=n))
        seen: list[str] = []
        cursor: str | None = None
        for step in range(40):
            page = await store.query("acme", THING, order=Order("count"), limit=3, cursor=cursor)
            seen += [item.id for item in page.items if int(item.id[1:]) % 2 == 0]
            cursor = page.cursor
            if cursor is None:
                break
            await put(store, f"t{2 * step + 1:02}", Thing(count=2 * step + 1))
            await put(store, f"t{1001 + 2 * step}", Thing(count=1000 + step))
            moved = await read(store, page.items[0].id)
            await write(store, Replace(THING, moved.id, Thing(count=-step), moved.etag))
        assert seen == [f"t{n:02}" for n in range(0, 40, 2)]

    async def test_numbers_and_texts_are_sorted_as_what_they_are(self, store: Documents) -> None:
        for n, count in enumerate((10, 9, -1, 2**53 + 1, 2**53, 0)):
            await put(store, f"n{n}", Thing(count=count))
        assert await walk(store, order=Order("count"), limit=2) == [
            "n2", "n5", "n1", "n0", "n4", "n3",
        ]  # fmt: skip
        for n, name in enumerate(("b", "a", "B", "ä", "\U0001f600", "\ufb01", "")):
            await put(store, f"s{n}", Thing(name=name, value="text"))
        texts = [Condition("value", "eq", "text")]
        assert await walk(store, where=texts, order=Order("name"), limit=2) == [
            "s6", "s2", "s1", "s0", "s3", "s5", "s4",
        ]  # fmt: skip

    async def test_an_ordered_query_returns_what_has_the_field(self, store: Documents) -> None:
        await put(store, "a", Thing(count=2))
        await put(store, "b", Thing())
        await put(store, "c", Thing(count=1))
        for where in ([], [Condition("name", "eq", "")]):
            assert await walk(store, where=where, order=Order("count")) == ["c", "a"]

    async def test_conditions_are_all_of(self, store: Documents) -> None:
        for n in range(12):
            await put(store, f"t{n:02}", Thing(count=n, flag=n % 2 == 0, tags=(n % 3,)))
        where = [
            Condition("flag", "eq", value=True),
            Condition("tags", "contains", 0),
            Condition("count", "gt", 0),
        ]
        assert await walk(store, where=where) == ["t06"]
        assert await walk(store, where=where[:2], order=Order("count", descending=True)) == [
            "t06",
            "t00",
        ]

    async def test_a_query_follows_every_change_of_a_field(self, store: Documents) -> None:
        etag = await put(store, "t1", Thing(name="a", count=1, tags=("x", "y")))
        await write(store, Patch(THING, "t1", (Increment("count", 1), Assign("tags", ["y", "z"]))))
        assert await walk(store, where=[Condition("count", "eq", 1)]) == []
        assert await walk(store, where=[Condition("count", "eq", 2)]) == ["t1"]
        assert await walk(store, where=[Condition("tags", "contains", "x")]) == []
        assert await walk(store, where=[Condition("tags", "contains", "z")]) == ["t1"]
        etag = (await read(store, "t1")).etag
        await write(store, Replace(THING, "t1", Thing(name="b"), etag))
        assert await walk(store, where=[Condition("count", "exists")]) == []
        assert await walk(store, where=[Condition("name", "gt", "a")]) == ["t1"]

    async def test_only_declared_fields_can_be_asked_for(self, store: Documents) -> None:
        with pytest.raises(ValueError, match="note"):
            await store.query("acme", THING, where=[Condition("note", "eq", "x")])
        with pytest.raises(ValueError, match="note"):
            await store.query("acme", THING, order=Order("note"))

    async def test_a_field_declared_later_finds_older_documents(self, store: Documents) -> None:
        before = dataclasses.replace(THING, fields=("name",))
        await put(store, "t1", Thing(name="a", count=1), kind=before)
        assert await walk(store, where=[Condition("count", "eq", 1)]) == ["t1"]
        await put(store, "t2", Thing(name="a", count=1), kind=before)
        assert await walk(store, where=[Condition("count", "eq", 1)]) == ["t1", "t2"]

    async def test_the_last_page_has_no_cursor(self, store: Documents) -> None:
        for n in range(4):
            await put(store, f"t{n}", Thing(count=n))
        page = await store.query("acme", THING, limit=4)
        assert (len(page.items), page.cursor) == (4, None)

    async def test_a_cursor_of_another_query_is_unreadable(self, store: Documents) -> None:
        for n in range(4):
            await put(store, f"t{n}", Thing(count=n))
        page = await store.query("acme", THING, order=Order("count"), limit=2)
        assert page.cursor is not None
        others: list[tuple[str, dict[str, Any]]] = [
            ("rival", {"order": Order("count")}),
            ("acme", {"order": Order("count", descending=True)}),
            ("acme", {"order": Order("name")}),
            ("acme", {"order": Order("count"), "key": "k"}),
            ("acme", {"order": Order("count"), "where": [Condition("flag", "absent")]}),
            ("acme", {}),
        ]
        for tenant, query in others:
            with pytest.raises(Unreadable):
                await store.query(tenant, THING, cursor=page.cursor, **query)

    @pytest.mark.parametrize(
        "cursor", ["", "x", "e30", "bnVsbA", "W10", "ä", "AAAA", "=" * 9, "MQ"]
    )
    async def test_nonsense_is_no_cursor(self, store: Documents, cursor: str) -> None:
        with pytest.raises(Unreadable):
            await store.query("acme", THING, cursor=cursor)

    # -- time to live --------------------------------------------------------------------------

    async def test_a_document_ends_at_its_instant(
        self, store: Documents, clock: SteppedClock
    ) -> None:
        await put(store, "t1", Thing(name="a", count=1), ttl_s=60)
        clock.advance(timedelta(seconds=59, milliseconds=999))
        assert (await read(store, "t1")).body.name == "a"
        clock.advance(timedelta(milliseconds=1))
        assert await store.get("acme", THING, "k", "t1") is None
        assert await walk(store) == []
        assert await walk(store, order=Order("count")) == []
        assert await walk(store, where=[Condition("name", "eq", "a")], key="k") == []

    async def test_what_has_ended_can_be_created_but_not_changed(
        self, store: Documents, clock: SteppedClock
    ) -> None:
        etag = await put(store, "t1", Thing(name="old", count=1), ttl_s=60)
        clock.advance(timedelta(seconds=60))
        for operation in (
            Replace(THING, "t1", Thing(), etag),
            Delete(THING, "t1", etag),
            Patch(THING, "t1", (Increment("count", 1),)),
        ):
            with pytest.raises(Missing):
                await write(store, operation)
        later = await put(store, "t1", Thing(name="new"))
        assert later != etag
        assert (await read(store, "t1")).body == Thing(name="new")
        assert await walk(store, where=[Condition("name", "eq", "old")]) == []
        assert await walk(store, order=Order("count")) == []

    async def test_the_time_to_live_counts_from_the_last_write(
        self, store: Documents, clock: SteppedClock
    ) -> None:
        await put(store, "t1", Thing(count=1), ttl_s=60)
        clock.advance(timedelta(seconds=40))
        await write(store, Patch(THING, "t1", (Increment("count", 1),)))
        clock.advance(timedelta(seconds=59))
        assert (await read(store, "t1")).body.count == 2
        clock.advance(timedelta(seconds=1))
        assert await store.get("acme", THING, "k", "t1") is None

    async def test_a_replace_sets_or_takes_the_time_to_live(
        self, store: Documents, clock: SteppedClock
    ) -> None:
        a = await put(store, "a", Thing(), ttl_s=60)
        b = await put(store, "b", Thing())
        await write(
            store, Replace(THING, "a", Thing(), a), Replace(THING, "b", Thing(), b, ttl_s=60)
        )
        clock.advance(timedelta(seconds=60))
        assert await walk(store) == ["a"]

    # -- feed ----------------------------------------------------------------------------------

    async def test_the_feed_brings_what_was_written(self, store: Documents) -> None:
        feed = store.feed(Container.ORDERS, "relay")
        etag = await put(store, "t1", Thing(name="ä"))
        await put(store, "t1", Thing(), kind=STOCK_THING)
        (change,) = await drain(feed)
        assert change == Change(
            Container.ORDERS, "acme", "k", "t1", "thing", etag, THING.encode(Thing(name="ä"))
        )
        assert await feed.read(100) == ()

    async def test_the_feed_keeps_the_order_of_a_partition(self, store: Documents) -> None:
        for n in range(30):
            await put(store, f"t{n:02}", Thing(), key=f"k{n % 5}")
        changes = await drain(store.feed(Container.ORDERS, "relay"), limit=4)
        for key in range(5):
            ids = [c.id for c in changes if c.key == f"k{key}"]
            assert ids == [f"t{n:02}" for n in range(30) if n % 5 == key]

    async def test_the_feed_shows_the_latest_version_only(self, store: Documents) -> None:
        await put(store, "a", Thing(count=0))
        await put(store, "b", Thing(count=0))
        for _ in range(3):
            await write(store, Patch(THING, "a", (Increment("count", 1),)))
        changes = await drain(store.feed(Container.ORDERS, "relay"))
        assert [(c.id, THING.decode(c.body).count) for c in changes] == [("b", 0), ("a", 3)]

    async def test_the_feed_omits_what_was_deleted_or_has_ended(
        self, store: Documents, clock: SteppedClock
    ) -> None:
        feed = store.feed(Container.ORDERS, "relay")
        etag = await put(store, "a", Thing())
        await put(store, "b", Thing(), ttl_s=1)
        await put(store, "c", Thing())
        await write(store, Delete(THING, "a", etag))
        clock.advance(timedelta(seconds=1))
        assert [c.id for c in await drain(feed)] == ["c"]

    async def test_a_change_after_the_checkpoint_comes_again(self, store: Documents) -> None:
        feed = store.feed(Container.ORDERS, "relay")
        await put(store, "a", Thing(count=0))
        assert [c.id for c in await drain(feed)] == ["a"]
        await write(store, Patch(THING, "a", (Increment("count", 1),)))
        assert [c.id for c in await drain(feed)] == ["a"]
        assert await drain(feed) == []

    async def test_what_is_not_checkpointed_comes_again(self, store: Documents) -> None:
        feed = store.feed(Container.ORDERS, "relay")
        await put(store, "a", Thing())
        first = await feed.read(10)
        assert [c.id for c in first[0].changes] == ["a"]
        assert await feed.read(10) == first

    async def test_another_reader_goes_on_where_the_checkpoint_is(self, store: Documents) -> None:
        first = store.feed(Container.ORDERS, "relay")
        for n in range(20):
            await put(store, f"t{n:02}", Thing(), key=f"k{n}")
        done: list[str] = []
        batches = await first.read(12)
        for batch in batches[:-1]:
            assert await first.checkpoint(batch)
            done += [c.id for c in batch.changes]
        await first.close()
        rest = [c.id for c in await drain(store.feed(Container.ORDERS, "relay"))]
        assert sorted(done + rest) == [f"t{n:02}" for n in range(20)]

    async def test_consumers_do_not_know_of_each_other(self, store: Documents) -> None:
        for n in range(10):
            await put(store, f"t{n}", Thing(), key=f"k{n}")
        one, two = store.feed(Container.ORDERS, "one"), store.feed(Container.ORDERS, "two")
        assert len(await drain(one)) == 10
        assert len(await drain(two)) == 10
        assert await drain(one) == []

    async def test_a_read_brings_no_more_than_asked(self, store: Documents) -> None:
        for n in range(20):
            await put(store, f"t{n}", Thing(), key=f"k{n}")
        batches = await store.feed(Container.ORDERS, "relay").read(7)
        assert 0 < sum(len(batch.changes) for batch in batches) <= 7

    async def test_readers_of_a_consumer_share_its_ranges(
        self, store: Documents, clock: SteppedClock
    ) -> None:
        one, two = store.feed(Container.ORDERS, "relay"), store.feed(Container.ORDERS, "relay")
        await _write_many(store, 40, "first")
        assert len(await drain(one)) == 40
        assert await drain(two) == []  # all ranges are held, but from now on one of two readers'
        clock.advance(timedelta(seconds=6))
        assert await drain(one) == []
        clock.advance(timedelta(seconds=6))
        assert await drain(two) == []
        await _write_many(store, 40, "second")
        mine, theirs = await drain(one), await drain(two)
        assert 0 < len(mine) < 40
        assert sorted(c.id for c in [*mine, *theirs]) == sorted(f"second{n}" for n in range(40))

    async def test_a_lost_lease_moves_no_checkpoint(
        self, store: Documents, clock: SteppedClock
    ) -> None:
        dead, alive = store.feed(Container.ORDERS, "relay"), store.feed(Container.ORDERS, "relay")
        await _write_many(store, 40, "t")
        held = await dead.read(100)
        clock.advance(timedelta(seconds=20))
        taken = await drain(alive)
        assert sorted(c.id for c in taken) == sorted(f"t{n}" for n in range(40))
        for batch in held:
            assert await dead.checkpoint(batch) is False
        assert await drain(alive) == []

    async def test_a_closed_reader_gives_its_ranges_back_at_once(self, store: Documents) -> None:
        one, two = store.feed(Container.ORDERS, "relay"), store.feed(Container.ORDERS, "relay")
        await put(store, "a", Thing())
        await one.read(10)
        await one.close()
        assert [c.id for c in await drain(two)] == ["a"]

    async def test_etags_of_one_partition_never_come_twice(self, store: Documents) -> None:
        etags: list[str] = []
        for _ in range(5):
            etags.append(await put(store, "a", Thing()))
            await write(store, Delete(THING, "a", etags[-1]))
        assert len(set(etags)) == 5
        assert all(a != b for a, b in pairwise(etags))


async def _is_patched(store: Documents, id: str, condition: Condition) -> bool:
    try:
        await write(store, Patch(THING, id, (Assign("note", "seen"),), (condition,)))
    except GuardFailed:
        return False
    return True


async def _write_many(store: Documents, count: int, prefix: str) -> None:
    for n in range(count):
        await put(store, f"{prefix}{n}", Thing(), key=f"{prefix}{n}")
