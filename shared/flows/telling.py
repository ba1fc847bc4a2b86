"""What telling others stands on."""

from dataclasses import dataclass

from shared.channels.ports import FulfillmentWriteBack
from shared.flows.knowledge import Knowledge
from shared.kernel.documents import Documents
from shared.notifications.ports import Messenger
from shared.notifications.service import Hooks


@dataclass(frozen=True, slots=True)
class Telling:
    """`hooks` tell tenants' systems, `messenger` their customers, `channels` where it was sold."""

    store: Documents
    knowledge: Knowledge
    hooks: Hooks
    messenger: Messenger
    channels: FulfillmentWriteBack
