"""Sales tax by country."""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")

TAX_RATES = {
    "AT": Decimal("0.20"),
    "DE": Decimal("0.19"),
    "FR": Decimal("0.20"),
    "NL": Decimal("0.21"),
}


def tax_rate(country: str) -> Decimal:
    """Return the rate, or raise ValueError where the shop does not deliver."""
    rate = TAX_RATES.get(country)
    if rate is None:
        raise ValueError(f"the shop does not deliver to {country}")
    return rate


def sales_tax(amount: Decimal, country: str) -> Decimal:
    """The tax on an amount, rounded to a cent."""
    return round_to_cents(amount * tax_rate(country))


def round_to_cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)
