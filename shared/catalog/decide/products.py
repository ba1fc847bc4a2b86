"""What makes a product whole: every fault at once (semantics 2)."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from shared.catalog.decide.names import is_gtin
from shared.catalog.model import BarcodeKind, Product, ProductDetails, ProductKind
from shared.kernel.errors import Fault, Invalid


def check_product(
    told: ProductDetails, before: Product | None, components: Mapping[str, Product]
) -> None:
    """Hold a product to its rules; `components` are the bundle's products that exist.

    Raises:
        Invalid: every fault with its pointer and code.
    """
    faults = [
        *_step_faults(told, before),
        *_barcode_faults(told),
        *_bundle_faults(told, components),
        *twice("barcodes", told.barcodes),
        *twice("aliases", told.aliases),
        *twice("tags", told.tags),
        *_image_faults(told.image),
    ]
    if faults:
        raise Invalid(faults)


def is_same(told: ProductDetails, before: Product) -> bool:
    """Tell whether a product says already what is told of it."""
    return all(getattr(told, name) == getattr(before, name) for name in product_fields())


def product_of(told: ProductDetails, before: Product | None) -> Product:
    """Return the product to store; its version counts the changes."""
    version = before.version + 1 if before else 1
    return Product(**{name: getattr(told, name) for name in product_fields()}, version=version)


def product_fields() -> tuple[str, ...]:
    """Return the names of what an owner tells of a product."""
    return tuple(ProductDetails.model_fields)


def twice(field: str, values: Iterable[str]) -> Iterator[Fault]:
    """Yield a fault for each value that stood before."""
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield Fault(f"/{field}/{index}", "listed-twice", "it is listed before")
        seen.add(value)


def _step_faults(told: ProductDetails, before: Product | None) -> Iterator[Fault]:
    step = Decimal(told.step)
    if step <= 0:
        yield Fault("/step", "step-not-positive", "a selling step is above 0")
    elif before is not None and step != Decimal(before.step):
        # Stock and orders count in steps: another step would give every count another meaning.
        yield Fault("/step", "step-is-fixed", f"it was sold by {before.step}; use a new SKU")


def _barcode_faults(told: ProductDetails) -> Iterator[Fault]:
    if told.barcode_kind is BarcodeKind.GTIN:
        for index, code in enumerate(told.barcodes):
            if not is_gtin(code):
                detail = "not a GTIN of 8, 12, 13 or 14 digits with its check digit"
                yield Fault(f"/barcodes/{index}", "not-a-gtin", detail)


def _bundle_faults(told: ProductDetails, components: Mapping[str, Product]) -> Iterator[Fault]:
    is_bundle = told.kind is ProductKind.BUNDLE
    if is_bundle and not told.components:
        yield Fault("/components", "bundle-empty", "a bundle has components")
    if not is_bundle and told.components_may_split:
        yield Fault("/components_may_split", "not-a-bundle", "only a bundle has components")
    if not is_bundle and told.components:
        yield Fault("/components", "not-a-bundle", "only a bundle has components")
    for index, component in enumerate(told.components):
        pointer = f"/components/{index}/sku"
        product = components.get(component.sku)
        if component.sku == told.sku:
            yield Fault(pointer, "component-of-itself", "a bundle does not hold itself")
        elif product is None:
            yield Fault(pointer, "unknown-component", "there is no such product")
        elif product.kind is ProductKind.BUNDLE:
            yield Fault(pointer, "component-is-bundle", "a bundle does not hold bundles")
    yield from twice("components", (component.sku for component in told.components))


def _image_faults(image: str | None) -> Iterator[Fault]:
    # Pages show it as a link: another scheme could run code there.
    if image is not None and not image.startswith(("https://", "http://", "/")):
        yield Fault("/image", "not-a-web-address", "https://, http:// or a path of this site")
