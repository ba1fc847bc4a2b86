"""Routing: what follows events, decisions with their reasons, and rule sets."""

import azure.functions as func
from pydantic import JsonValue

from functions._edge import Call, Delivery, Reply, http, listing, subscription
from shared.contracts.cloud_event import AnyEvent
from shared.contracts.following import follow_up_of
from shared.flows.follow import follow
from shared.kernel.errors import Fault, Invalid, NotFound
from shared.kernel.model import Strict
from shared.orders import service as orders
from shared.orders.model import Decision
from shared.routing import service
from shared.routing.explanation import as_text
from shared.routing.lint import lint
from shared.routing.rules import RuleSet
from shared.wiring import flows, store

bp = func.Blueprint()


class FindingView(Strict):
    """One fault of a rule set; errors stop an activation, warnings do not."""

    where: str
    code: str
    detail: str
    is_error: bool


@subscription(bp, "events", "routing")
async def follow_events(delivery: Delivery[AnyEvent]) -> None:
    """Do what an event asks of stock and of routing."""
    event = delivery.event
    asked = follow_up_of(event.type, event.data)
    if asked is not None:
        await follow(flows(), asked, delivery.now)


@http(
    bp,
    "GET",
    "routing/decisions/{order}",
    "routing.decisions.read",
    answer=dict[str, JsonValue],
    many=True,
    query={"format": "json (unless told) or text, lines that a person reads"},
)
async def read_decisions(call: Call[None]) -> Reply:
    """Show every routing decision of an order, the first attempt first, with its reasons."""
    limit, cursor = call.page()
    asked = call.query("format") or "json"
    if asked not in {"json", "text"}:
        raise Invalid([Fault("/format", "unknown-format", "json or text")])
    page = await orders.decisions(
        store(), call.tenant_id, call.param("order"), limit=limit, cursor=cursor
    )
    if asked == "text":
        told = [_in_words(row.body) for row in page.items]
        return Reply("\n\n".join(told).encode(), content_type="text/plain")
    rows = [row.body.model_dump(mode="json", exclude_none=True) for row in page.items]
    return Reply(listing(rows, page.cursor))


def _in_words(decision: Decision) -> str:
    """Return a decision as lines, the reasons last; amounts are minor units of its currency."""
    begun = f"attempt {decision.attempt} at {decision.decided_at:%Y-%m-%dT%H:%M:%SZ}"
    reasons = as_text(decision.explanation) if decision.explanation else decision.rule_set
    return f"{begun}, cost {decision.cost_minor} {decision.currency}\n{reasons}\n"


@http(bp, "GET", "routing/rulesets", "routing.rulesets.read", answer=RuleSet, many=True)
async def list_rule_sets(call: Call[None]) -> Reply:
    """List all versions of all rule sets, drafts and archived ones included."""
    limit, cursor = call.page()
    page = await service.all_versions(store(), call.tenant_id, limit=limit, cursor=cursor)
    return Reply(listing([row.body.rule_set for row in page.items], page.cursor))


@http(
    bp,
    "POST",
    "routing/rulesets",
    "routing.rulesets.write",
    body=RuleSet,
    answer=RuleSet,
    status=201,
    creates=True,
)
async def draft_rule_set(call: Call[RuleSet]) -> Reply:
    """Keep a new draft."""
    draft = call.body
    etag = await service.save_draft(store(), call.tenant_id, draft)
    place = f"/api/v1/routing/rulesets/{draft.rule_set_id}/{draft.version}"
    return Reply(draft, etag=etag, location=place)


@http(bp, "GET", "routing/rulesets/{ruleset}/{version}", "routing.rulesets.read", answer=RuleSet)
async def read_rule_set(call: Call[None]) -> Reply:
    """Show one version."""
    found = await service.load(store(), call.tenant_id, call.param("ruleset"), _version(call))
    return Reply(found.body.rule_set, etag=found.etag)


@http(
    bp,
    "PUT",
    "routing/rulesets/{ruleset}/{version}",
    "routing.rulesets.write",
    body=RuleSet,
    answer=RuleSet,
    if_match=True,
)
async def edit_rule_set(call: Call[RuleSet]) -> Reply:
    """Change a draft."""
    draft = call.body
    if (draft.rule_set_id, draft.version) != (call.param("ruleset"), _version(call)):
        raise Invalid([Fault("/rule_set_id", "differs", "the path names another version")])
    etag = await service.save_draft(store(), call.tenant_id, draft, call.if_match())
    return Reply(draft, etag=etag)


@http(
    bp,
    "POST",
    "routing/rulesets/{ruleset}/{version}:lint",
    "routing.rulesets.read",
    answer=FindingView,
    many=True,
)
async def lint_rule_set(call: Call[None]) -> Reply:
    """List what is wrong with a version."""
    found = await service.load(store(), call.tenant_id, call.param("ruleset"), _version(call))
    findings = lint(found.body.rule_set)
    rows = [
        FindingView(where=f.where, code=f.code, detail=f.detail, is_error=f.is_error)
        for f in findings
    ]
    return Reply(listing(rows, None))


@http(
    bp,
    "POST",
    "routing/rulesets/{ruleset}/{version}:activate",
    "routing.rulesets.activate",
    answer=RuleSet,
)
async def activate_rule_set(call: Call[None]) -> Reply:
    """Put a draft in force; the version before it is archived."""
    active = await service.activate(store(), call.tenant_id, call.param("ruleset"), _version(call))
    flows().knowledge.forget(call.tenant_id)
    return Reply(active)


def _version(call: Call[object]) -> int:
    raw = call.param("version")
    if not raw.isascii() or not raw.isdigit() or len(raw) > 7:
        raise NotFound("rule set")
    return int(raw)
