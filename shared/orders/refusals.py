"""What a command on an order may be refused with; a channel's or carrier's fact never is."""

from shared.kernel.errors import Refused


class OrderDiffers(Refused):
    """Other content under the same connection and reference."""

    code, status = "order-differs", 409

    def __init__(self, order_id: str) -> None:
        super().__init__("an order of this connection and reference exists with other content")
        self.order_id = order_id


class NotSoMany(Refused):
    """More units asked for than the line has in states that allow it."""

    code, status = "quantity-not-available", 409

    def __init__(self, line_id: str, asked: int, possible: int) -> None:
        super().__init__(f"line {line_id}: {asked} units asked for, {possible} possible")
        self.line_id, self.asked, self.possible = line_id, asked, possible


class TooManyParts(Refused):
    """A line cannot be divided further; whole parts still move."""

    code, status = "too-many-parts", 409

    def __init__(self, line_id: str) -> None:
        super().__init__(f"line {line_id} is in too many parts to be divided again")
        self.line_id = line_id


class TooManyHolds(Refused):
    code, status = "too-many-holds", 409

    def __init__(self) -> None:
        super().__init__("the order carries the most holds that it can; release one")


class NoSuchHold(Refused):
    code, status = "no-such-hold", 409

    def __init__(self, reason: str) -> None:
        super().__init__(f"the order carries no {reason} hold")
        self.reason = reason


class ExceptionClosed(Refused):
    code, status = "exception-closed", 409

    def __init__(self) -> None:
        super().__init__("the exception is closed already, by another action")


class NotALegalAction(Refused):
    """The exception's code has no such way out; names those that it has."""

    code, status = "action-not-legal", 409

    def __init__(self, action: str, legal: tuple[str, ...]) -> None:
        super().__init__(f"{action} does not settle this exception; legal: {', '.join(legal)}")
        self.action, self.legal = action, legal


class OrderErased(Refused):
    """Whose order it was is nobody's to know any more, nor to write down again."""

    code, status = "order-erased", 409

    def __init__(self) -> None:
        super().__init__("the order's personal data was erased; none can be added")
