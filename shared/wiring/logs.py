"""Log lines: one JSON object each, of listed fields only, so that no payload can slip in."""

import json
import logging
from datetime import UTC, datetime
from typing import Final

# Style rule 23: facts, never a name, an address, an e-mail, a phone or a payload.
FIELDS: Final = (
    "tenant_id", "correlation_id", "causation_id", "caller", "operation", "function", "method",
    "order_id", "fulfillment_id", "return_id", "shipment_id", "sku", "location_id", "entity",
    "message_id", "message_type", "attempt", "outcome", "code", "status", "count", "duration_ms",
)  # fmt: skip
VALUE_LENGTH_MAX: Final = 200
LOGGER: Final = "orderloom"
# Made once: with options of its own each call of `json.dumps` makes an encoder anew.
_encode: Final = json.JSONEncoder(separators=(",", ":"), default=str).encode


class JsonLines(logging.Formatter):
    """Formats a record as its event name and the listed fields, and a fault's place in the code.

    The text of an exception is left out, since it may quote what a customer wrote.
    """

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {"at": at, "level": record.levelname, "event": record.msg}
        known = record.__dict__
        for name in FIELDS:
            value = known.get(name)
            if value is not None and value != "":
                line[name] = value[:VALUE_LENGTH_MAX] if isinstance(value, str) else value
        if record.exc_info and record.exc_info[0] is not None:
            line["fault"] = record.exc_info[0].__name__
            line["where"] = _where(record)
        return _encode(line)


def _where(record: logging.LogRecord) -> list[str]:
    found: list[str] = []
    trace = record.exc_info[2] if record.exc_info else None
    while trace is not None:
        code = trace.tb_frame.f_code
        found.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return found[-8:]


def log_as_json(level: str = "INFO") -> None:
    """Print our log lines as JSON to standard error, for hosts without logging of their own."""
    # Nobody prints these, and finding them out took half of a record's time.
    logging.logThreads = logging.logProcesses = False
    logging.logMultiprocessing = False
    logger = logging.getLogger(LOGGER)
    if not any(isinstance(handler.formatter, JsonLines) for handler in logger.handlers):
        handler = logging.StreamHandler()
        handler.setFormatter(JsonLines())
        logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False
