"""Barcodes and aliases: which of them are one name, and whom a name belongs to."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from shared.catalog.model import NameDocument, NameTaken, Product, ProductDetails
from shared.kernel.ids import hash_id

CLAIM_GRACE: Final = timedelta(minutes=10)  # longer than any request or message is worked on
GTIN_LENGTHS: Final = frozenset({8, 12, 13, 14})
_DIGITS: Final = re.compile(r"[0-9]+", re.ASCII)
_SAFE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+:@~-]{0,127}", re.ASCII)


def is_gtin(code: str) -> bool:
    """Tell whether a code is a GTIN-8, 12, 13 or 14 with the right check digit.

    Source: GS1 General Specifications, section 7.9 (weights 3 and 1 from the right).
    """
    if len(code) not in GTIN_LENGTHS or not _DIGITS.fullmatch(code):
        return False
    weighed = (int(digit) * (1, 3)[place % 2] for place, digit in enumerate(reversed(code)))
    return sum(weighed) % 10 == 0


def canonical(name: str) -> str:
    """Return what equal names have in common.

    A GTIN is one number however many zeros stand before it: scanners read the UPC 036000291452 as
    the EAN 0036000291452 too.
    """
    return name.zfill(14) if is_gtin(name) else name


def name_key(name: str) -> str:
    """Return the partition of a name's document; what no id may hold is hashed."""
    common = canonical(name)
    return f"alias:{common if could_be_sku(common) else hash_id('n', common)}"


def could_be_sku(name: str) -> bool:
    """Tell whether a product may have the name as its SKU."""
    return _SAFE.fullmatch(name) is not None


def names_of(product: ProductDetails) -> tuple[str, ...]:
    """Return the names beside the SKU, each once, as `canonical` has them."""
    told = (*product.barcodes, *product.aliases)
    return tuple(dict.fromkeys(canonical(name) for name in told if name != product.sku))


def is_named(product: ProductDetails | None, name: str) -> bool:
    """Tell whether the product exists and lists the name."""
    return product is not None and canonical(name) in names_of(product)


def refuse_taken(
    claim: NameDocument | None, holder: Product | None, name: str, sku: str, now: datetime
) -> None:
    """Let `sku` have the name, or refuse; `holder` is the product that the claim names.

    A claim whose product does not list the name is either in work or left over from a crash: it
    holds until `CLAIM_GRACE` after it was made.

    Raises:
        NameTaken: the name is that of another SKU.
    """
    if claim is None or claim.sku == sku:
        return
    if is_named(holder, name) or now < claim.claimed_at + CLAIM_GRACE:
        raise NameTaken(name, claim.sku)


def gained_and_lost(
    before: ProductDetails | None, after: ProductDetails
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names to claim before a product is written, and those to free after it."""
    old, new = names_of(before) if before else (), names_of(after)
    return _without(new, old), _without(old, new)


def _without(names: Iterable[str], others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in others)
