"""What the shop sells."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Product:
    sku: str
    name: str
    price: Decimal
    weight_grams: int
    category: str = "general"


class Catalog:
    """The products by their stock keeping unit."""

    def __init__(self, products: list[Product]):
        self._by_sku = {product.sku: product for product in products}

    def find(self, sku: str) -> Product:
        """Return the product, or raise KeyError with its number."""
        product = self._by_sku.get(sku)
        if product is None:
            raise KeyError(f"no product with the number {sku}")
        return product

    def in_category(self, category: str) -> list[Product]:
        return [p for p in self._by_sku.values() if p.category == category]
