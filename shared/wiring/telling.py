"""What telling others stands on: calls to tenants' systems, messages, channels."""

from shared.channels.ports import FulfillmentWriteBack
from shared.flows.telling import Telling
from shared.notifications.ports import Messenger
from shared.notifications.service import Hooks, Shelf
from shared.wiring.world import World, world


def telling() -> Telling:
    """Return what tells others in this process, made when first asked for."""
    current = world()
    if current.telling is None:
        current.telling = _made(current)
    return current.telling


def _made(current: World) -> Telling:
    from shared.adapters.http.client import HttpOutbound
    from shared.adapters.http.shopify import ShopifyWriteBack

    loopback = current.settings.loopback_webhooks
    outbound = HttpOutbound(loopback=loopback)
    shelf = Shelf(current.store)
    messenger, folder = _kept(current)
    return Telling(
        store=current.store,
        knowledge=current.flows.knowledge,
        hooks=Hooks(current.store, outbound, current.vault, current.ids, shelf, loopback),
        messenger=messenger,
        channels=ShopifyWriteBack(outbound, current.vault, folder),
    )


def _kept(current: World) -> tuple[Messenger, FulfillmentWriteBack]:
    from shared.adapters.embedded.channel_folder import FolderWriteBack, NoWriteBack
    from shared.adapters.embedded.outbox import FolderOutbox, NoOutbox

    if current.outbox is None:
        return NoOutbox(), NoWriteBack()
    return FolderOutbox(current.outbox), FolderWriteBack(current.outbox / "channel")
