"""Where to look next: addresses, keys, folders."""

from local.demo.kept import Kept
from local.demo.retailers import RETAILERS
from local.demo.tables import table
from shared.wiring import Settings


def where_to_look(kept: Kept, settings: Settings, url: str) -> str:
    """Return what a person needs to go on; the keys are this machine's own."""
    keys = [
        [retailer.tenant_id, role, token]
        for retailer in RETAILERS
        for role, token in kept.tokens.get(retailer.tenant_id, {}).items()
    ]
    board = "" if url.endswith(":0") else f"Board          {url}/ (paste a key)\n"
    base = url if board else "http://127.0.0.1:7071"
    tenant, key = RETAILERS[0].tenant_id, kept.token(RETAILERS[0].tenant_id, "admin")
    return (
        f"{table('Where to look next', ['tenant', 'key of', 'API key'], keys, texts=3)}\n\n"
        f"{board}"
        f"API            {base}/api/v1/openapi.json\n"
        f"Messages       {settings.outbox_folder / 'index.html'}\n"
        f"Data           {settings.data} (remove it to begin anew)\n"
        "Guide          README.md and docs/\n\n"
        f"The orders of {tenant}:\n"
        f"  curl -s -H 'Authorization: Bearer {key}' '{base}/api/v1/orders?limit=5'\n"
    )
