"""What changes from one policy release to another: in words with units, and in money on one snapshot.

Here: the comparison and its sentences. The money comes through a port, ``CostOf``; who plans behind it is
somebody else's. Not here: the words themselves (``words``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from assets.governance.words import WORDS, Unit, Word
from assets.policy.oversight import FEATURE_DEFAULTS
from assets.policy.release import Release

# What a release is, not what it decides.
_NOT_DECIDING = frozenset({"name", "parent", "author", "description", "stage"})
_NOTHING = "nothing"


@dataclass(frozen=True)
class Change:
    """One difference between two releases.

    Attributes
    ----------
    path : str
        Field in the release, with the key where it is a table.
    before, after
        Values, as YAML has them; ``None`` where there is none.
    sentence : str
        The same in a planner's words.
    """

    path: str
    before: Any
    after: Any
    sentence: str


@dataclass(frozen=True)
class PlanTotals:
    """What one plan costs.

    Attributes
    ----------
    amounts : dict
        Kind of cost (``holding``, ``shortage``, ``transport``, ``purchase``, ...) to money.
    orders : int
        Order documents that it wants.
    """

    amounts: Mapping[str, Decimal]
    orders: int = 0

    @property
    def total_amount(self) -> Decimal:
        """Over all kinds."""
        return sum(self.amounts.values(), Decimal(0))


CostOf = Callable[[Release], PlanTotals]


def diff(before: Release, after: Release) -> tuple[Change, ...]:
    """Return what the second release decides otherwise, in the order of the document."""
    old, new = dict(_values(before)), dict(_values(after))
    changes = []
    for path in dict.fromkeys([*old, *new]):
        was, becomes = old.get(path), new.get(path)
        if was != becomes:
            changes.append(Change(path, was, becomes, _sentence(path, was, becomes)))
    return tuple(changes)


def money_diff(before: Release, after: Release, cost_of: CostOf, currency: str = "") -> tuple[str, ...]:
    """Return what the second release would cost more or less on the snapshot behind ``cost_of``.

    Parameters
    ----------
    before, after : Release
        Both are planned on the same snapshot.
    cost_of : callable
        The port: a release to what its plan costs, by kind.
    currency : str
        Written behind each amount.
    """
    old, new = cost_of(before), cost_of(after)
    unit = f" {currency}" if currency else ""
    total = new.total_amount - old.total_amount
    if old == new:
        return (f"On this snapshot both plans cost the same: {old.total_amount:,.2f}{unit}.",)
    share = f" ({total / old.total_amount:+.1%})" if old.total_amount else ""
    sentences = [
        f"On this snapshot the plan would cost {_more_or_less(total, unit)}: "
        f"{new.total_amount:,.2f} instead of {old.total_amount:,.2f}{unit}{share}."
    ]
    kinds = dict.fromkeys([*old.amounts, *new.amounts])
    changes = {kind: new.amounts.get(kind, Decimal(0)) - old.amounts.get(kind, Decimal(0)) for kind in kinds}
    sentences += [
        f"{kind.capitalize()}: {_more_or_less(changes[kind], unit)}."
        for kind in sorted(changes, key=lambda kind: (-abs(changes[kind]), kind))
        if changes[kind]
    ]
    if old.orders != new.orders:
        sentences.append(f"Orders: {new.orders} instead of {old.orders}.")
    return tuple(sentences)


def _values(release: Release) -> Iterator[tuple[str, Any]]:
    """Yield each field that decides, a table by key, with what silence means filled in."""
    document = release.model_dump(mode="json", exclude=set(_NOT_DECIDING))
    document["toggles"] = {str(name): on for name, on in FEATURE_DEFAULTS.items()} | document["toggles"]
    for section, content in document.items():
        yield from _flat(section, content)


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _flat(f"{path}.{key}", part)
    else:
        yield path, value


def _sentence(path: str, before: Any, after: Any) -> str:
    word, key = _word(path)
    name = word.name.format(key=key.replace("_", " "))
    name = name[0].upper() + name[1:]
    if word.unit is Unit.YES_NO:
        return f"{name}: {_told(after, word.unit)}, was {_told(before, word.unit)}."
    if isinstance(before, list) or isinstance(after, list):
        return f"{name}: {_entries(before or [], after or [])}."
    if before is None:
        return f"{name}: {_told(after, word.unit)}, was not limited or not said."
    if after is None:
        return f"{name}: not limited or not said, was {_told(before, word.unit)}."
    verb = "becomes"
    if isinstance(before, int | float) and isinstance(after, int | float):
        verb = "rises to" if after > before else "falls to"
    return f"{name} {verb} {_told(after, word.unit)} from {_told(before, word.unit)}."


def _word(path: str) -> tuple[Word, str]:
    """Return the word of a path, and the key where its field is a table."""
    if path in WORDS:
        return WORDS[path], ""
    field, _, key = path.rpartition(".")
    return WORDS[field], key


def _told(value: Any, unit: Unit) -> str:
    match unit:
        case Unit.SHARE if value is not None:
            return f"{float(value) * 100:.4g} %"
        case Unit.MONEY:
            return f"{float(value):,.2f}"
        case Unit.UNIT_MONEY:
            return f"{float(value):,.2f} per unit"
        case Unit.DAYS | Unit.BUCKETS:
            return f"{value} {str(unit)[:-1] if value == 1 else unit}"
        case Unit.PEOPLE:
            return "nobody" if not value else f"{value} {'person' if value == 1 else 'people'}"
        case Unit.YES_NO:
            return {True: "yes", False: "no"}.get(value, "not said")
        case _:
            return str(value).replace("_", " ") if isinstance(value, str) else f"{value:g}"


def _entries(before: list[Any], after: list[Any]) -> str:
    """Say which entries joined, left, or only changed places."""
    joined = [_entry(one) for one in after if one not in before]
    left = [_entry(one) for one in before if one not in after]
    parts = [f"with {', '.join(joined)}"] if joined else []
    parts += [f"without {', '.join(left)}"] if left else []
    told = "; ".join(parts) or f"in the order {', '.join(map(_entry, after)) or _NOTHING}"
    return told if after else f"{told}; none is left"


def _entry(entry: Any) -> str:
    """Return an entry of a list in words: a model's name, a lane, a guard, what is handed over."""
    if isinstance(entry, dict) and "site" in entry:
        site, category = ("any" if entry[name] == "*" else entry[name] for name in ("site", "category"))
        return f"site {site} (category {category})"
    if isinstance(entry, dict):
        return (
            f"{str(entry['metric']).replace('_', ' ')} (tolerated {entry['tolerance']:g}, "
            f"at most {entry['largest_difference']:g})"
        )
    if isinstance(entry, list):
        return " to ".join("any" if end == "*" else str(end) for end in entry)
    return str(entry)


def _more_or_less(amount: Decimal, unit: str) -> str:
    return f"{abs(amount):,.2f}{unit} {'more' if amount > 0 else 'less'}" if amount else "the same"
