"""Profile queries that are alike for every table, derived from the feed contract.

Not here: queries that know one table (``sql/``), and running any of them (``profiles``).
"""

from __future__ import annotations

from collections.abc import Iterator

from assets.feeds.contract import Arrival, FeedTable, contract

# Unknown values named for a person; the rest are counted.
EXAMPLES = 20
_REFERENCED = {"erp.items": "known_items", "erp.sites": "known_sites", "erp.suppliers": "known_suppliers"}


def generic_queries() -> Iterator[str]:
    """Yield one query per table and kind of generic measure."""
    for table in contract():
        yield repeated_keys(table)
        if table.references:
            yield orphans(table)
            if "item_id" in table.frame.names:
                yield unknown_items(table)


def repeated_keys(table: FeedTable) -> str:
    """Return the query for keys that came in two batches of one business date since the last plan.

    Another business date is a correction or a new day; the same one is a batch sent twice.
    """
    key = ", ".join(table.frame.key)
    append = table.arrival is Arrival.APPEND and table.date_column
    dated = f"and {table.date_column} >= getvariable('plan_date') - getvariable('bucket_days')" if append else ""
    return f"""
        select '{table.name}' as feed, '' as site_id, '' as item_id,
            count(*) as repeated_keys, count(*) filter (differs) as differing_keys
        from (
            select min(_row_hash) <> max(_row_hash) as differs
            from known_{table.name}
            where _business_date >= getvariable('plan_date') - getvariable('bucket_days') {dated}
            group by {key}, _business_date having min(_batch_id) <> max(_batch_id)
        )
    """


def orphans(table: FeedTable) -> str:
    """Return the query for rows that name an item, site or supplier nobody knows."""
    unknown = " or ".join(_is_unknown(column, target) for column, target in table.references)
    return f"""
        select '{table.name}' as feed, '' as site_id, '' as item_id,
            count(*) filter ({unknown}) as orphan_rows,
            count(*) filter ({unknown}) / nullif(count(*), 0) as orphan_share
        from judged_{table.name} as rows
    """


def unknown_items(table: FeedTable) -> str:
    """Return the query for the items nobody knows, most rows first."""
    return f"""
        select '{table.name}' as feed, '' as site_id, item_id, count(*) as orphan_rows
        from judged_{table.name} as rows
        where {_is_unknown("item_id", "erp.items.item_id")}
        group by item_id order by count(*) desc, item_id limit {EXAMPLES}
    """


def _is_unknown(column: str, target: str) -> str:
    relation, _, referenced = target.rpartition(".")
    return f"rows.{column} not in (select {referenced} from {_REFERENCED[relation]})"
