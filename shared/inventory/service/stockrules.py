"""A tenant's stock rules and pools: one document with a version, and every version kept."""

from collections.abc import Sequence

from shared.inventory.decide.rules import check_rules
from shared.inventory.model import CONFIG, STOCK_RULES, Pool, StockRule, StockRules
from shared.kernel.documents import Create, Documents, Operation, Replace
from shared.kernel.errors import Exists, GuardFailed, NotFound, PreconditionFailed

CURRENT = "stockrules"


async def stock_rules(store: Documents, tenant_id: str, version: int | None = None) -> StockRules:
    """Return the rules in force, or those of a version; without any, all defaults.

    Raises:
        NotFound: there never was such a version.
    """
    name = CURRENT if version is None else f"{CURRENT}:{version}"
    stored = await store.get(tenant_id, STOCK_RULES, CONFIG, name)
    if stored is None and version:
        raise NotFound("version of the stock rules")
    return stored.body if stored else StockRules()


async def save_stock_rules(
    store: Documents,
    tenant_id: str,
    rules: Sequence[StockRule],
    pools: Sequence[Pool],
    based_on: int,
) -> StockRules:
    """Put new rules in force; `based_on` is the version that its author saw.

    Raises:
        RuleInvalid: a rule does not say what its kind needs.
        PreconditionFailed: the rules were changed since that version.
    """
    stored = await store.get(tenant_id, STOCK_RULES, CONFIG, CURRENT)
    before = stored.body.version if stored else 0
    if before != based_on:
        raise PreconditionFailed
    body = StockRules(version=before + 1, rules=tuple(rules), pools=tuple(pools))
    check_rules(body)
    put: Operation = Create(STOCK_RULES, CURRENT, body)
    if stored:
        put = Replace(STOCK_RULES, CURRENT, body, stored.etag)
    try:
        await store.batch(
            tenant_id,
            STOCK_RULES.container,
            CONFIG,
            (put, Create(STOCK_RULES, f"{CURRENT}:{body.version}", body)),
        )
    except (Exists, GuardFailed) as error:
        raise PreconditionFailed from error
    return body
