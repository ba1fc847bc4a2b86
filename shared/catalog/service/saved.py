"""What a write of a product or a location came to."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic

from shared.kernel.documents import D_co, Stored

ATTEMPTS_MAX: Final = 5


class Outcome(StrEnum):
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Saved(Generic[D_co]):
    """The document as it stands now; nothing was written when it is unchanged."""

    outcome: Outcome
    stored: Stored[D_co]
