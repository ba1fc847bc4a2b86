"""What accepting an order must know of products: plain values, made from the catalog by flows."""

from dataclasses import dataclass
from decimal import Decimal

from shared.contracts.intake import ItemKind
from shared.kernel.money import Money


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """What accepting an order must know of a product.

    `components` of a bundle are all that it has; none where one of them is not known.
    """

    sku: str
    kind: ItemKind = ItemKind.GOOD
    step: Decimal = Decimal(1)
    title: str | None = None
    final_sale: bool = False
    price: Money | None = None  # the list price, by which a bundle's value is divided
    components: tuple["Component", ...] = ()
    may_split: bool = False

    @property
    def is_sellable(self) -> bool:
        """Tell whether it is known what leaves the shelf for it."""
        return self.kind is not ItemKind.BUNDLE or bool(self.components)


@dataclass(frozen=True, slots=True)
class Component:
    """How many of a product one bundle holds."""

    product: ProductFacts
    quantity: int
