"""The composition root: what a process stands on, by name."""

from shared.wiring.erasing import eraser
from shared.wiring.settings import Settings, WrongSettings, settings_from
from shared.wiring.telling import telling
from shared.wiring.world import (
    World,
    bus,
    claims,
    clock,
    embedded_world,
    flows,
    ids,
    office,
    store,
    tenants,
    use,
    vault,
    world,
)

__all__ = [
    "Settings",
    "World",
    "WrongSettings",
    "bus",
    "claims",
    "clock",
    "embedded_world",
    "eraser",
    "flows",
    "ids",
    "office",
    "settings_from",
    "store",
    "telling",
    "tenants",
    "use",
    "vault",
    "world",
]
