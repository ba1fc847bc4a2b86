from typing import Any

from local.simulate.stage import TOPOLOGY
from shared.adapters.embedded.bus_topology import read_json
from shared.wiring import Settings


def routing_of(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the topic's own properties and its routing subscription."""
    config: Any = read_json(text)
    topics = config["UserConfig"]["Namespaces"][0]["Topics"]
    topic = next(topic for topic in topics if topic["Name"] == "events")
    named = {each["Name"]: each for each in topic["Subscriptions"]}
    return topic["Properties"], named["routing"]


def orders_in_of(text: str) -> dict[str, Any]:
    """Return the queue of orders."""
    config: Any = read_json(text)
    named = {each["Name"]: each for each in config["UserConfig"]["Namespaces"][0]["Queues"]}
    found: dict[str, Any] = named["orders-in"]
    return found


def test_the_simulated_entities_are_the_real_ones() -> None:
    simulated, real = TOPOLOGY.read_text(), Settings().topology.read_text()
    assert routing_of(simulated) == routing_of(real)
    assert orders_in_of(simulated) == orders_in_of(real)
