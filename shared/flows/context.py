"""What every flow is handed: the store, what is known of tenants, and the makers of ids."""

from dataclasses import dataclass

from shared.couriers.ports import RateProvider, Within, without_limit
from shared.flows.knowledge import Knowledge
from shared.kernel.documents import Documents
from shared.kernel.ids import Ids


@dataclass(frozen=True, slots=True)
class Flows:
    store: Documents
    knowledge: Knowledge
    ids: Ids
    providers: tuple[RateProvider, ...] = ()  # beside the tenants' own rate cards
    within: Within = without_limit
