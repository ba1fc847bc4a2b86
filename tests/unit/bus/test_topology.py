"""The topology file: what it says, and what it must not say."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.adapters.embedded.bus_topology import (
    TopologyError,
    duration,
    load_topology,
    read_json,
    read_topology,
)
from shared.contracts.base import short_name
from shared.flows.marks import is_for_anyone
from shared.insights.decide import COUNTED
from shared.kernel.bus import Entity
from tests.unit.bus.samples import a_message

SHIPPED = Path(__file__).parents[3] / "infra" / "servicebus.config.json"


def a_config(**namespace: Any) -> str:
    usual = {"Name": "sbemulatorns", "Queues": [], "Topics": []}
    return json.dumps({"UserConfig": {"Namespaces": [usual | namespace]}})


def a_queue(name: str = "q", **properties: Any) -> dict[str, Any]:
    return {"Name": name, "Properties": properties}


def a_topic(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"Name": "t", "Subscriptions": [{"Name": "s", "Properties": {}, "Rules": list(rules)}]}


def a_rule(**properties: Any) -> dict[str, Any]:
    return {"Name": "r", "Properties": properties}


def test_the_shipped_topology_has_every_entity_of_the_code() -> None:
    assert set(load_topology(SHIPPED).destinations) == set(Entity)


def test_the_shipped_topology_loses_nothing() -> None:
    topology = load_topology(SHIPPED)
    for line in topology.lines.values():
        assert line.keeps_expired, line.path
        assert (line.lock, line.deliveries_max) == (timedelta(minutes=1), 10)
        assert line.ttl is None, line.path
    for destination in topology.destinations.values():
        assert destination.duplicate_window == timedelta(minutes=10)


def test_stock_movements_and_channel_updates_come_in_sessions() -> None:
    lines = load_topology(SHIPPED).lines.values()
    with_sessions = {line.path for line in lines if line.requires_session}
    assert with_sessions == {"inventory-in", "events/channel-updates"}


@pytest.mark.parametrize(
    ("label", "marks", "wanted"),
    [
        ("orders.order-accepted", {"route"}, {"routing", "customers", "insights"}),
        (
            "orders.order-accepted",
            {"route", "told"},
            {"routing", "customers", "notifications", "insights"},
        ),
        ("orders.parts-cancelled", {"stock", "told"}, {"routing", "notifications", "insights"}),
        ("orders.order-edited", {"told"}, {"notifications"}),
        ("orders.order-edited", set(), set()),
        ("inventory.stock-freed", set(), {"routing"}),
        ("inventory.stock-overcommitted", set(), {"routing", "insights"}),
        ("inventory.stock-changed", set(), set()),
        ("inventory.stock-changed", {"told"}, {"notifications"}),
        ("fulfillment.parts-shipped", set(), {"insights"}),
        (
            "fulfillment.parts-shipped",
            {"told", "written_back"},
            {"notifications", "insights", "channels"},
        ),
        ("returns.return-changed", {"told"}, {"notifications", "insights"}),
        ("catalog.product-changed", set(), set()),
    ],
)
def test_events_go_where_they_are_needed(label: str, marks: set[str], wanted: set[str]) -> None:
    events = load_topology(SHIPPED).destinations["events"]
    message = a_message(label, **dict.fromkeys(marks, True))
    found = {
        line.path.removeprefix("events/").replace("channel-updates", "channels")
        for line in events.lines
        if any(wants(message) for wants in line.filters)
    }
    assert found == wanted


def test_every_event_that_is_counted_reaches_the_insights() -> None:
    events = load_topology(SHIPPED).destinations["events"]
    (insights,) = (line for line in events.lines if line.path == "events/insights")
    for name in COUNTED:
        message = a_message(short_name(name))
        assert any(wants(message) for wants in insights.filters), name


@pytest.mark.parametrize("marks", [(), ("told",), ("written_back",), ("stock",), ("route",)])
def test_the_relay_sends_what_a_subscription_takes_and_nothing_else(marks: tuple[str, ...]) -> None:
    events = load_topology(SHIPPED).destinations["events"]
    contracts = json.loads((SHIPPED.parents[1] / "docs" / "events.json").read_text("utf-8"))
    data = dict.fromkeys(marks, True)
    beside = [mark for mark in marks if mark not in {"stock", "route"}]
    for name in contracts:
        message = a_message(short_name(name), **data)
        is_taken = any(wants(message) for line in events.lines for wants in line.filters)
        assert is_for_anyone(name, data, beside) is is_taken, name


def test_a_queue_without_properties_has_the_brokers_usual_ones() -> None:
    topology = read_topology(a_config(Queues=[{"Name": "q"}]))
    line = topology.lines["q"]
    assert (line.lock, line.deliveries_max, line.ttl) == (timedelta(minutes=1), 10, None)
    assert (line.keeps_expired, line.requires_session, line.filters) == (False, False, ())
    assert topology.destinations["q"].duplicate_window is None


def test_detection_without_a_window_lasts_ten_minutes() -> None:
    topology = read_topology(a_config(Queues=[a_queue(RequiresDuplicateDetection=True)]))
    assert topology.destinations["q"].duplicate_window == timedelta(minutes=10)


def test_a_subscription_without_rules_gets_everything() -> None:
    assert read_topology(a_config(Topics=[a_topic()])).lines["t/s"].filters == ()


def test_comments_are_passed_over_but_not_in_text() -> None:
    text = '{ // here\n "a": "http://x", // "b": 1\n "c": "\\"//" }'
    assert read_json(text) == {"a": "http://x", "c": '"//'}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT1M", 60), ("PT20S", 20), ("PT1H30M", 5400), ("P7D", 604800), ("P1DT0.5S", 86400.5)],
)
def test_durations_are_iso_8601(text: str, seconds: float) -> None:
    assert duration(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "1M", "P1M", "PT1", "-PT1M", "PT1M ", "00:01:00"])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="ISO 8601"):
        duration(text)


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ("{", "not JSON"),
        ("[]", "/: an object is needed"),
        ('{"UserConfig": {"Namespaces": []}}', "exactly one namespace"),
        ('{"UserConfig": {"Namespaces": {}}}', "a list is needed"),
        ('{"UserConfig": {"Namespace": []}}', "unknown: Namespace"),
        ('{"a": 1, "a": 2}', "given twice in one object: a"),
        (a_config(Queues=[a_queue(LockDuraton="PT1M")]), "Queues/0/Properties: unknown: LockDur"),
        (a_config(Queues=[a_queue(LockDuration="PT6M")]), "PT6M is not within"),
        (a_config(Queues=[a_queue(LockDuration="1 min")]), "LockDuration: '1 min' is not an ISO"),
        (a_config(Queues=[a_queue(DefaultMessageTimeToLive="PT2H")]), "PT2H is not within"),
        (a_config(Queues=[a_queue(MaxDeliveryCount=0)]), "a whole number from 1 to 2000"),
        (a_config(Queues=[a_queue(MaxDeliveryCount=True)]), "a whole number from 1 to 2000"),
        (a_config(Queues=[a_queue(RequiresSession="yes")]), "RequiresSession: true or false"),
        (a_config(Queues=[a_queue(ForwardTo="other")]), "ForwardTo: forwarding is not supported"),
        (a_config(Queues=[a_queue("a/b")]), "Name: a name without / and"),
        (a_config(Queues=[a_queue(), a_queue()]), "two queues or topics have one name"),
        (a_config(Queues=[a_queue(f"q{i}") for i in range(51)]), "more than 50"),
        (a_config(Topics=[a_topic(a_rule(FilterType="True"))]), "Sql or Correlation is needed"),
        (a_config(Topics=[a_topic(a_rule(FilterType="Sql"))]), "Rules/0/Properties/SqlFilter"),
        (a_config(Topics=[a_topic(a_rule(FilterType="Correlation"))]), "needs a condition"),
        (a_config(Topics=[a_topic(a_rule(Action={}))]), "unknown: Action"),
    ],
)
def test_a_wrong_topology_says_where_and_why(config: str, why: str) -> None:
    with pytest.raises(TopologyError, match=why):
        read_topology(config)


def test_two_subscriptions_of_one_name_are_refused() -> None:
    topic = a_topic()
    topic["Subscriptions"] *= 2
    with pytest.raises(TopologyError, match="two subscriptions have one name"):
        read_topology(a_config(Topics=[topic]))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TopologyError, match=r"gone\.json cannot be read"):
        load_topology(tmp_path / "gone.json")
