"""Numbers and texts as the report writes them. What is missing or hidden from the reader is a dash.

Not here: the sentences, which are in the templates.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

UNKNOWN = "–"


def money(value: Any) -> str:
    """Return an amount of money.

    >>> money(1234.5), money(None)
    ('1,234.50', '–')
    """
    return UNKNOWN if value is None else f"{float(value):,.2f}"


def units(value: Any) -> str:
    """Return a number of units.

    >>> units(12345.4), units(None)
    ('12,345', '–')
    """
    return UNKNOWN if value is None else f"{float(value):,.0f}"


def percent(value: Any, digits: int = 1) -> str:
    """Return a share as a percentage.

    >>> percent(0.01234), percent(None)
    ('1.2 %', '–')
    """
    return UNKNOWN if value is None else f"{100.0 * float(value):,.{digits}f} %"


def signed(value: Any) -> str:
    """Return an amount with its sign.

    >>> signed(3.0), signed(-4.25), signed(0)
    ('+3.00', '−4.25', '0.00')
    """
    if value is None:
        return UNKNOWN
    number = round(float(value), 2)
    sign = "+" if number > 0 else "−" if number < 0 else ""
    return f"{sign}{abs(number):,.2f}"


def change(value: Any) -> str:
    """Return a change without decimals.

    >>> change(1234.4), change(-0.2)
    ('+1,234', '0')
    """
    if value is None:
        return UNKNOWN
    number = round(float(value))
    return f"{'+' if number > 0 else '−' if number < 0 else ''}{abs(number):,}"


def figure(row: Mapping[str, Any], name: str = "value") -> str:
    """Return a key figure in its unit.

    >>> figure({"value": 0.975, "unit": "share"}), figure({"value": 3.25, "unit": "days"})
    ('97.5 %', '3.25 days')
    """
    value, unit = row[name], str(row["unit"])
    if value is None:
        return UNKNOWN
    return percent(value) if unit == "share" else f"{float(value):,.2f} {unit}"


def count(value: Any, one: str, many: str = "") -> str:
    """Return how many there are of something.

    >>> count(1, "order"), count(1200, "order"), count(2, "money at stake", "moneys")
    ('1 order', '1,200 orders', '2 moneys')
    """
    if value is None:
        return f"{UNKNOWN} {many or one + 's'}"
    return f"{int(value):,} {one if int(value) == 1 else many or one + 's'}"


def sentence(text: Any) -> str:
    """Return a text that ends like a sentence.

    >>> sentence("It is old"), sentence("Is it?"), sentence("")
    ('It is old.', 'Is it?', '')
    """
    told = str(text).rstrip()
    return told if not told or told.endswith((".", "?", "!")) else f"{told}."


def plain_text(value: Any) -> Any:
    r"""Return a text in one line and without what a terminal would obey; everything else as it is.

    >>> plain_text("a\x1b[31mred\nb")
    'a�[31mred b'
    """
    if not isinstance(value, str):
        return value
    return "".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in value)
