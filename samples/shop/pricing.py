"""Discounts and shipping costs."""

from decimal import Decimal

from cart import Cart

VOLUME_DISCOUNTS = [
    (Decimal(500), Decimal("0.10")),
    (Decimal(200), Decimal("0.05")),
]

COUPONS = {
    "WELCOME": Decimal("0.15"),
    "SPRING": Decimal("0.08"),
}

FREE_SHIPPING_FROM = Decimal(80)


def volume_discount(subtotal: Decimal) -> Decimal:
    """The amount to take off a large order."""
    for threshold, rate in VOLUME_DISCOUNTS:
        if subtotal >= threshold:
            return subtotal * rate
    return Decimal(0)


def coupon_discount(subtotal: Decimal, code: str) -> Decimal:
    """The amount that a coupon takes off; an unknown code takes nothing."""
    return subtotal * COUPONS.get(code.upper(), Decimal(0))


def shipping_cost(cart: Cart) -> Decimal:
    """Free from FREE_SHIPPING_FROM on, else by weight."""
    if cart.subtotal() >= FREE_SHIPPING_FROM:
        return Decimal(0)
    kilograms = Decimal(cart.weight_grams()) / 1000
    return Decimal("4.90") + Decimal("0.80") * kilograms
