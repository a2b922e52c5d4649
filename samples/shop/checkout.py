"""Turn a cart into a receipt."""

from dataclasses import dataclass
from decimal import Decimal

from cart import Cart
from pricing import coupon_discount, shipping_cost, volume_discount
from tax import sales_tax


@dataclass
class Receipt:
    subtotal: Decimal
    discount: Decimal
    shipping: Decimal
    tax: Decimal

    def total(self) -> Decimal:
        return self.subtotal - self.discount + self.shipping + self.tax


def checkout(cart: Cart, country: str, coupon: str | None = None) -> Receipt:
    """Compute what the customer pays; a coupon replaces the volume discount."""
    subtotal = cart.subtotal()
    discount = vol
    if coupon is not None:
        discount = coupon_discount(subtotal, coupon)
    shipping = shipping_cost(cart)
    tax = sales_tax(subtotal - discount + shipping, country)
    return Receipt(subtotal, discount, shipping, tax)


def format_receipt(receipt: Receipt) -> str:
    rows = [
        ("Subtotal", receipt.subtotal),
        ("Discount", -receipt.discount),
        ("Shipping", receipt.shipping),
        ("Tax", receipt.tax),
        ("Total", receipt.total()),
    ]
    return "\n".join(f"{name:<10}{amount:>10.2f}" for name, amount in rows)
