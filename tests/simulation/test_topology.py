from local.simulate.stage import TOPOLOGY
from shared.adapters.embedded.bus_topology import load_topology
from shared.wiring import Settings


def test_the_simulated_subscription_is_the_real_one() -> None:
    simulated, real = load_topology(TOPOLOGY), load_topology(Settings().topology)
    assert simulated.lines["events/routing"] == real.lines["events/routing"]
