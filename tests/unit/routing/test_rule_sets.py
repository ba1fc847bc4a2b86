"""A rule set's life, its lint and its place in the store."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from shared.adapters.embedded.documents import EmbeddedDocuments
from shared.kernel.clock import SteppedClock
from shared.kernel.errors import NotFound, PreconditionFailed
from shared.routing import service
from shared.routing.conditions import (
    FreshFeed,
    GroupIn,
    GroupOut,
    KindIn,
    LocationIn,
    MaxDistance,
    Operator,
    OrderField,
    OrderFilter,
)
from shared.routing.life import activated, edited, in_force, upgrade
from shared.routing.lint import lint
from shared.routing.model import ActionKind, RuleSetFaulty, RuleSetImmutable
from shared.routing.rules import Action, Constraint, LadderStep, Routing, RuleSet
from shared.routing.seeds import by_cost, store_first
from tests.unit.routing.samples import NOW, a_candidate, a_rule, a_rule_set

DAY = timedelta(days=1)


def _with(**changes: Any) -> RuleSet:
    return a_rule_set(a_rule(**changes))


def _codes(rule_set: RuleSet, locations: Any = None) -> list[tuple[str, bool]]:
    return [(finding.code, finding.is_error) for finding in lint(rule_set, locations)]


def test_activating_a_draft_archives_the_active_version_of_its_profile_only() -> None:
    draft = a_rule_set(version=2)
    old = a_rule_set(status="active")
    other = a_rule_set(rule_set_id="b2b", profile="b2b", status="active")
    active, archived = activated(draft, [old, other])
    assert (active.status, active.version) == ("active", 2)
    assert [(r.rule_set_id, r.version, r.status) for r in archived] == [("rules", 1, "archived")]


@pytest.mark.parametrize("status", ["active", "archived"])
def test_a_version_that_was_active_never_changes(status: Any) -> None:
    settled = a_rule_set(status=status)
    with pytest.raises(RuleSetImmutable, match=status):
        activated(settled, [])
    with pytest.raises(RuleSetImmutable, match="not a draft"):
        edited(settled, a_rule_set())
    with pytest.raises(RuleSetImmutable, match="not a draft"):
        edited(None, settled)
    assert edited(a_rule_set(), a_rule_set(name="Better")).name == "Better"


def test_a_draft_with_errors_is_not_activated() -> None:
    with pytest.raises(RuleSetFaulty, match="there is no strategy guess") as refused:
        activated(_with(strategy="guess"), [])
    assert len(refused.value.findings) == 1


def test_a_rule_set_is_in_force_from_its_first_instant_to_before_its_last() -> None:
    rules = a_rule_set(status="active", effective_from=NOW, effective_to=NOW + DAY)
    assert in_force([rules], NOW) == {"default": rules}
    assert in_force([rules], NOW + DAY) == {}
    assert in_force([rules], NOW - DAY) == {}
    assert in_force([a_rule_set()], NOW) == {}


def test_a_document_of_a_newer_schema_is_not_guessed_at() -> None:
    assert upgrade({"name": "x"}) == {"name": "x"}
    with pytest.raises(ValueError, match="schema version 2"):
        upgrade({"schemaVersion": 2})


def test_rule_sets_are_json_with_a_schema_and_come_back_as_they_were() -> None:
    for rules in (by_cost(), store_first()):
        raw = rules.model_dump_json(exclude_none=True)
        assert RuleSet.model_validate_json(raw) == rules
    assert "routings" in RuleSet.model_json_schema()["required"]


@pytest.mark.parametrize(
    ("model", "figures"),
    [
        (Constraint, {"kind": "no-split", "limit": 2}),
        (Constraint, {"kind": "max-locations"}),
        (Constraint, {"kind": "split-value", "limit": 0}),
        (Action, {"do": ActionKind.QUEUE}),
        (Action, {"do": ActionKind.HOLD, "queue": "q"}),
        (Action, {"do": ActionKind.AUTO_CANCEL}),
        (Action, {"do": ActionKind.CANCEL, "days": 3}),
    ],
)
def test_limits_and_actions_take_the_figures_that_they_need(model: Any, figures: Any) -> None:
    with pytest.raises(ValidationError):
        model(**figures)


def test_the_examples_have_nothing_to_find() -> None:
    locations = [a_candidate("s", {}, kind="store"), a_candidate("w", {}, kind="warehouse")]
    assert lint(by_cost(), locations) == ()
    assert lint(store_first(), locations) == ()


@pytest.mark.parametrize(
    ("one", "other", "is_contradiction"),
    [
        (("equals", (3,)), ("equals", (4,)), True),
        (("in", (3, 4)), ("not-in", (3, 4)), True),
        (("in", (3, 4)), ("not-equals", (3,)), False),
        (("equals", (3,)), ("greater", (3,)), True),
        (("equals", (3,)), ("greater-equals", (3,)), False),
        (("less-equals", (3,)), ("equals", (3,)), False),
        (("less", (3,)), ("in", (3, 5)), True),
        (("equals", (3,)), ("not-null", ()), False),
        (("equals", (3,)), ("is-null", ()), True),
        (("is-null", ()), ("not-equals", (3,)), False),
        (("greater", (5,)), ("less", (5,)), True),
        (("greater-equals", (5,)), ("less-equals", (5,)), False),
        (("greater", (5,)), ("less", (3,)), True),
        (("greater", (3,)), ("less", (5,)), False),
        (("greater", (3,)), ("greater", (5,)), False),
    ],
)
def test_conditions_that_no_order_can_meet_are_found(
    one: Any, other: Any, *, is_contradiction: bool
) -> None:
    filters = tuple(
        OrderFilter(field=OrderField.PRIORITY, operator=Operator(operator), values=values)
        for operator, values in (one, other)
    )
    routings = (
        Routing(name="odd", filters=filters, rules=(a_rule(),)),
        Routing(name="rest", rules=(a_rule(),)),
    )
    codes = _codes(a_rule_set(routings=routings))
    assert codes == ([("contradiction", True)] if is_contradiction else [])


def test_conditions_on_dates_and_on_fields_of_several_values() -> None:
    late = OrderFilter(
        field=OrderField.PROMISE_DATE, operator=Operator.GREATER, values=("2026-12-01",)
    )
    early = OrderFilter(
        field=OrderField.PROMISE_DATE, operator=Operator.LESS, values=("2026-11-01",)
    )
    gift, vip = (
        OrderFilter(field=OrderField.ORDER_TAG, operator=Operator.EQUALS, values=(tag,))
        for tag in ("gift", "vip")
    )
    rest = Routing(name="rest", rules=(a_rule(),))
    dates = Routing(name="dates", filters=(late, early), rules=(a_rule(),))
    tags = Routing(name="tags", filters=(gift, vip, late), rules=(a_rule(),))
    assert _codes(a_rule_set(routings=(dates, rest))) == [("contradiction", True)]
    assert _codes(a_rule_set(routings=(tags, rest))) == []


def test_routings_and_rules_that_nothing_reaches_are_found() -> None:
    web = OrderFilter(field=OrderField.CHANNEL, operator=Operator.EQUALS, values=("web",))
    stop = (Action(do=ActionKind.HOLD),)
    ends = a_rule(on_partial=stop, on_none=stop)
    first = Routing(name="all", rules=(ends, a_rule(name="never")))
    second = Routing(name="web", filters=(web,), rules=(a_rule(),))
    third = Routing(name="web", filters=(web,), rules=(a_rule(),))
    assert _codes(a_rule_set(routings=(first, second))) == [
        ("unreachable-rule", True),
        ("unreachable-routing", True),
    ]
    assert _codes(a_rule_set(routings=(second, third))) == [
        ("same-name", True),
        ("unreachable-routing", True),
        ("no-fallback", False),
    ]


@pytest.mark.parametrize(
    ("rules", "codes"),
    [
        (a_rule_set(effective_from=NOW, effective_to=NOW), [("contradiction", True)]),
        (_with(strategy="guess"), [("unknown-strategy", True)]),
        (
            _with(filters=(GroupIn(groups=("east",)), GroupOut(groups=("east",)))),
            [("contradiction", True)],
        ),
        (
            _with(
                filters=(MaxDistance(distance_m=10),),
                ladder=(
                    LadderStep(max_distance_m=20, may_split=True),
                    LadderStep(max_distance_m=10, may_split=True),
                    LadderStep(may_split=True),
                ),
            ),
            [("unreachable-step", False)],
        ),
        (
            _with(ladder=(LadderStep(may_split=True),), constraints=(Constraint(kind="no-split"),)),
            [("contradiction", False)],
        ),
        (
            _with(constraints=(Constraint(kind="split-value", limit=5),)),
            [("stranding-threshold", False)],
        ),
    ],
)
def test_faults_of_rules_are_found(rules: RuleSet, codes: list[tuple[str, bool]]) -> None:
    assert _codes(rules) == codes


def test_names_that_no_location_has_and_rules_that_none_passes_are_found() -> None:
    locations = [a_candidate("a", {}, groups=frozenset({"east"}), kind="store")]
    missing = _with(
        filters=(
            GroupOut(groups=("west", "east")),
            LocationIn(locations=("b",)),
            KindIn(kinds=("store",)),
            FreshFeed(),
        )
    )
    assert _codes(missing, locations) == [
        ("unknown-name", True),
        ("unknown-name", True),
        ("no-candidate", True),
    ]


@pytest.fixture
async def store() -> AsyncIterator[EmbeddedDocuments]:
    documents = EmbeddedDocuments(":memory:", clock=SteppedClock(NOW), threaded=False)
    yield documents
    await documents.close()


async def test_a_draft_is_saved_edited_under_its_etag_and_activated(
    store: EmbeddedDocuments,
) -> None:
    etag = await service.save_draft(store, "acme", by_cost())
    with pytest.raises(PreconditionFailed):
        await service.save_draft(store, "acme", by_cost())
    better = by_cost().model_copy(update={"name": "Better"})
    await service.save_draft(store, "acme", better, etag)
    assert await service.active_rule_sets(store, "acme", NOW) == {}
    await service.activate(store, "acme", "cost", 1)
    second = store_first()
    await service.save_draft(store, "acme", second)
    await service.activate(store, "acme", "store-first", 1)
    found = await service.active_rule_sets(store, "acme", NOW)
    assert {profile: rules.rule_set_id for profile, rules in found.items()} == {
        "default": "store-first"
    }
    versions = [row.body.rule_set for row in (await service.all_versions(store, "acme")).items]
    assert {rules.rule_set_id: rules.status for rules in versions} == {
        "cost": "archived",
        "store-first": "active",
    }
    assert (await service.load(store, "acme", "cost", 1)).body.rule_set.name == "Better"


async def test_another_tenants_rule_sets_are_not_there(store: EmbeddedDocuments) -> None:
    await service.save_draft(store, "acme", by_cost())
    with pytest.raises(NotFound):
        await service.load(store, "other", "cost", 1)
    with pytest.raises(NotFound):
        await service.activate(store, "other", "cost", 1)


def test_a_version_that_begins_later_lets_todays_run_until_then() -> None:
    today = by_cost().model_copy(update={"status": "active"})
    begins = datetime(2027, 1, 1, tzinfo=UTC)
    draft = by_cost().model_copy(update={"version": 2, "effective_from": begins})
    active, (before,) = activated(draft, [today])
    assert (before.status, before.effective_to) == ("active", begins)
    both = [active, before]
    assert in_force(both, begins - timedelta(seconds=1))["default"].version == 1
    assert in_force(both, begins)["default"].version == 2


def test_a_version_that_begins_before_a_planned_one_replaces_it() -> None:
    planned = by_cost().model_copy(
        update={"status": "active", "effective_from": datetime(2027, 6, 1, tzinfo=UTC)}
    )
    draft = by_cost().model_copy(
        update={"version": 2, "effective_from": datetime(2027, 1, 1, tzinfo=UTC)}
    )
    _, (before,) = activated(draft, [planned])
    assert before.status == "archived"
