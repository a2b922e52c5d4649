"""What a customer is about to buy."""

from dataclasses import dataclass
from decimal import Decimal

from catalog import Product


@dataclass
class CartLine:
    product: Product
    quantity: int

    def amount(self) -> Decimal:
        return self.product.price * self.quantity


class Cart:
    """A list of lines, one for each product."""

    def __init__(self) -> None:
        self.lines: list[CartLine] = []

    def add(self, product: Product, quantity: int = 1) -> None:
        """Add to the line of the product, or begin one."""
        if quantity <= 0:
            raise ValueError("quantity must be positive")
        for line in self.lines:
            if line.product.sku == product.sku:
                line.quantity += quantity
                return
        self.lines.append(CartLine(product, quantity))

    def remove(self, sku: str) -> None:
        self.lines = [line for line in self.lines if line.product.sku != sku]

    def subtotal(self) -> Decimal:
        """The sum of all lines, before discounts, tax and shipping."""
        return sum((line.amount() for line in self.lines), Decimal(0))

    def weight_grams(self) -> int:
        return sum(line.product.weight_grams * line.quantity for line in self.lines)

    def is_empty(self) -> bool:
        return not self.lines
