"""One log line a call: its event name and listed fields (style 23), never a body."""

import logging
from typing import Final

LOG: Final = logging.getLogger("orderloom")


def is_on() -> bool:
    """Tell whether anybody reads the lines of calls that went well."""
    return LOG.isEnabledFor(logging.INFO)


def write(event: str, fields: dict[str, object], error: BaseException | None = None) -> None:
    """Log a call's outcome; a fault of ours with the place where it happened."""
    if error is None:
        if is_on():
            # Not LOG.info: that walks the stack for a file and a line which nobody prints.
            LOG.handle(LOG.makeRecord(LOG.name, logging.INFO, "", 0, event, (), None, extra=fields))
    else:
        LOG.error(event, extra=fields, exc_info=error)
