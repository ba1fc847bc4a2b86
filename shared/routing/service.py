"""Load and save rule sets; which one is in force."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final

from shared.kernel.conditions import Condition
from shared.kernel.documents import (
    Container,
    Create,
    Document,
    Documents,
    Kind,
    Operation,
    Page,
    Replace,
    Stored,
    pages,
)
from shared.kernel.errors import NotFound, PreconditionFailed
from shared.routing.life import activated, edited, in_force, upgrade
from shared.routing.model import Candidate
from shared.routing.rules import RuleSet

KEY: Final = "config"
ACTIVE_MAX: Final = 100


class RuleSetDocument(Document):
    """One version of a rule set; the fields beside it are what queries name."""

    rule_set_id: str
    profile: str
    status: str
    rule_set: RuleSet


RULE_SETS: Final[Kind[RuleSetDocument]] = Kind(
    Container.MASTER,
    "ruleset",
    RuleSetDocument,
    ("rule_set_id", "profile", "status"),
    upgrade=upgrade,
)


class ActiveDocument(Document):
    """Which version is active for a profile: every activation goes through this document."""

    rule_set_id: str
    version: int


ACTIVE: Final[Kind[ActiveDocument]] = Kind(Container.MASTER, "ruleset-active", ActiveDocument)


def document_id(rule_set_id: str, version: int) -> str:
    """Return the id of one version's document."""
    return f"ruleset:{rule_set_id}:{version}"


def document_of(rule_set: RuleSet) -> RuleSetDocument:
    """Return what is stored of a rule set."""
    return RuleSetDocument(
        rule_set_id=rule_set.rule_set_id,
        profile=rule_set.profile,
        status=rule_set.status,
        rule_set=rule_set,
    )


async def load(
    store: Documents, tenant_id: str, rule_set_id: str, version: int
) -> Stored[RuleSetDocument]:
    """Return one version.

    Raises:
        NotFound: there is no such version.
    """
    stored = await store.get(tenant_id, RULE_SETS, KEY, document_id(rule_set_id, version))
    if stored is None:
        raise NotFound("rule set")
    return stored


async def all_versions(
    store: Documents, tenant_id: str, *, limit: int = 50, cursor: str | None = None
) -> Page[RuleSetDocument]:
    """Return a page of rule sets, drafts and archived ones included."""
    return await store.query(tenant_id, RULE_SETS, key=KEY, limit=limit, cursor=cursor)


async def save_draft(
    store: Documents, tenant_id: str, draft: RuleSet, if_match: str | None = None
) -> str:
    """Create a draft, or replace it under the etag that was read; returns the new etag.

    Raises:
        NotFound: there is nothing that an etag could have been read of.
        RuleSetImmutable: this version is not a draft.
        PreconditionFailed: it exists, and `if_match` is not its etag.
    """
    name = document_id(draft.rule_set_id, draft.version)
    stored = await store.get(tenant_id, RULE_SETS, KEY, name)
    if stored is None and if_match is not None:
        raise NotFound("rule set")
    body = document_of(edited(stored.body.rule_set if stored else None, draft))
    if stored is not None and if_match != stored.etag:
        raise PreconditionFailed
    write: Operation = (
        Create(RULE_SETS, name, body)
        if stored is None
        else Replace(RULE_SETS, name, body, stored.etag)
    )
    etags = await store.batch(tenant_id, Container.MASTER, KEY, (write,))
    return etags[0]


async def activate(
    store: Documents,
    tenant_id: str,
    rule_set_id: str,
    version: int,
    locations: Sequence[Candidate] | None = None,
) -> RuleSet:
    """Make a draft the active version of its profile and archive the one before, in one batch.

    Raises:
        NotFound, RuleSetImmutable, RuleSetFaulty: no such draft, or the lint finds errors.
        Exists, GuardFailed: another activation came first; the caller reads again.
    """
    draft = await load(store, tenant_id, rule_set_id, version)
    active = [stored async for stored in _active(store, tenant_id)]
    now_active, archived = activated(
        draft.body.rule_set, [stored.body.rule_set for stored in active], locations
    )
    etags = {stored.id: stored.etag for stored in [draft, *active]}
    writes = tuple(
        Replace(RULE_SETS, name, document_of(rule_set), etags[name])
        for rule_set in (now_active, *archived)
        for name in [document_id(rule_set.rule_set_id, rule_set.version)]
    )
    pointer = await _pointer(store, tenant_id, now_active)
    await store.batch(tenant_id, Container.MASTER, KEY, (pointer, *writes))
    return now_active


async def _pointer(store: Documents, tenant_id: str, rule_set: RuleSet) -> Operation:
    """Return the write that two activations of one profile at once cannot both win."""
    name = f"ruleset-active:{rule_set.profile}"
    body = ActiveDocument(rule_set_id=rule_set.rule_set_id, version=rule_set.version)
    stored = await store.get(tenant_id, ACTIVE, KEY, name)
    if stored is None:
        return Create(ACTIVE, name, body)
    return Replace(ACTIVE, name, body, stored.etag)


async def active_rule_sets(store: Documents, tenant_id: str, now: datetime) -> dict[str, RuleSet]:
    """Return the rule set in force for each order profile."""
    found = [stored.body.rule_set async for stored in _active(store, tenant_id)]
    return in_force(found, now)


def _active(store: Documents, tenant_id: str) -> AsyncIterator[Stored[RuleSetDocument]]:
    return pages(
        store,
        tenant_id,
        RULE_SETS,
        pages_max=1,
        key=KEY,
        where=(Condition("status", "eq", "active"),),
        limit=ACTIVE_MAX,
    )
