"""What makes a row unusable, as SQL: casts, bounds, patterns and keys, derived from the frame's columns.

Every rule speaks in a reason that names column, value and bound. Not here: running any of it
(``raw``), and whether plausible values are true (``quality``).
"""

from __future__ import annotations

from collections.abc import Mapping

from assets.feeds.contract import Arrival, FeedTable
from assets.kernel.frames import Column, Kind

EARLIEST_DATE = "1990-01-01"
LATEST_YEARS = 3
_VALUE_SHOWN = 60
_WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"}
_WHOLE |= {"UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"}
_FLOATING = {"FLOAT", "DOUBLE"}
_ABSENT = ""
_EXPECTED = {
    Kind.TEXT: "text",
    Kind.INTEGER: "a finite whole number",
    Kind.REAL: "a finite number",
    Kind.MONEY: "a finite amount",
    Kind.FLAG: "true or false",
    Kind.DATE: "an ISO date",
    Kind.TIME: "an ISO time",
}


def quoted(name: str) -> str:
    """Return a column name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def judged_sql(table: FeedTable, types: Mapping[str, str]) -> str:
    """Return the query that casts every row of ``sent`` and states its faults.

    Parameters
    ----------
    table : FeedTable
        Table of the contract.
    types : mapping
        Column as sent to its DuckDB type; an optional column may be absent.

    Returns
    -------
    str
        Selects ``_ordinal``, ``_row_number``, the frame's columns, and ``_fault`` (null for a good
        row) from the relations ``sent`` and ``arriving``.
    """
    columns = table.frame.columns
    sent = {c.name: types.get(c.name, _ABSENT) for c in columns}
    given = ", ".join(f"{_given(table, c, sent[c.name])} as {quoted('x_' + c.name)}" for c in columns)
    cast = ", ".join(f"{_cast(c, sent[c.name], quoted('x_' + c.name))} as {quoted('v_' + c.name)}" for c in columns)
    values = ", ".join(f"{quoted('v_' + c.name)} as {quoted(c.name)}" for c in columns)
    faults = [fault for c in columns for fault in _faults(table, c)]
    conditions = " or ".join(f"({condition})" for condition, _ in faults)
    reasons = ", ".join(f"case when {condition} then {reason} end" for condition, reason in faults)
    return f"""
        select _ordinal, _row_number, {values},
            case when {conditions} then concat_ws('; ', {reasons}) end as _fault
        from (
            select *, {cast} from (
                select sent._ordinal, sent._row_number, arriving.business_date as _day, {given}
                from sent join arriving on arriving._ordinal = sent._ordinal
            )
        )
    """


def repeated_sql(table: FeedTable) -> str:
    """Return the query for keys that stand more than once in a batch, and the row that is taken.

    That is the first good row, or the first where none is good.
    """
    key = ", ".join(quoted(name) for name in table.frame.key)
    present = " and ".join(f"{quoted(name)} is not null" for name in table.frame.key)
    return f"""
        select _ordinal, {key}, count(*) as _times,
            coalesce(min(_row_number) filter (_fault is null), min(_row_number)) as _taken
        from judged where {present} group by _ordinal, {key} having count(*) > 1
    """


def refused_sql(table: FeedTable) -> str:
    """Return the query for rows that go to quarantine, each with all its reasons."""
    key = table.frame.key
    same_key = " and ".join(f"repeated.{quoted(name)} = judged.{quoted(name)}" for name in key)
    shown = " || ', ' || ".join(f"{literal(name + ' = ')} || cast(judged.{quoted(name)} as varchar)" for name in key)
    rest = [quoted(name) for name in table.frame.names if name not in key]
    differ = " or ".join(f"judged.{name} is distinct from taken.{name}" for name in rest) or "false"
    return f"""
        select judged._ordinal, judged._row_number, concat_ws('; ', judged._fault,
            case when taken._row_number is not null then {shown} || ' stands ' || repeated._times
                || ' times; row ' || taken._row_number || ' was taken, '
                || case when {differ} then 'which differs' else 'which is equal' end end) as reason
        from judged
        left join repeated on repeated._ordinal = judged._ordinal and {same_key}
            and repeated._taken <> judged._row_number
        left join judged as taken on taken._ordinal = repeated._ordinal
            and taken._row_number = repeated._taken
        where judged._fault is not null or taken._row_number is not null
    """


def values_text_sql(table: FeedTable, relation: str) -> str:
    """Return the expression that writes a row's values as one text, nulls told from empty texts."""
    texts = ", ".join(_null_as_mark(column, relation) for column in table.frame.columns)
    return f"concat_ws(chr(31), {texts})"


def payload_sql(names: list[str]) -> str:
    """Return the expression that writes a row as sent as JSON; values as text, so that NaN has a place."""
    fields = ", ".join(f"{quoted(name)} := cast(sent.{quoted(name)} as varchar)" for name in names)
    return f"cast(to_json(struct_pack({fields})) as varchar)"


def _null_as_mark(column: Column, relation: str) -> str:
    value = f"{relation}.{quoted(column.name)}"
    # A date's text is slow to make; its day number says the same.
    text = f"({value} - date '1970-01-01')" if column.kind is Kind.DATE else value
    if column.optional:
        # Left out where it is null, so that a row sent before the column existed keeps its hash.
        return f"{literal(column.name + '=')} || cast({text} as varchar)"
    return f"coalesce(cast({text} as varchar), chr(30))"


def _given(table: FeedTable, column: Column, sent_type: str) -> str:
    """Return the value as sent, with empty texts as nulls where empty means missing."""
    if sent_type == _ABSENT:
        return "cast(null as varchar)"
    value = f"sent.{quoted(column.name)}"
    if sent_type != "VARCHAR":
        return value if _is_scalar(sent_type) else f"cast({value} as varchar)"
    if column.kind is Kind.TEXT and not column.nullable and column.name not in table.frame.key:
        return value
    if column.kind is Kind.TEXT:
        # CSV cannot tell empty from missing: a name may be empty, a key may not.
        return f"nullif({value}, '')"
    return f"nullif(trim({value}), '')"


def _cast(column: Column, sent_type: str, given: str) -> str:
    target, text = column.duckdb_type, f"cast({given} as varchar)"
    numeric = sent_type in _WHOLE | _FLOATING or sent_type.startswith("DECIMAL")
    if column.kind is Kind.TEXT:
        return text
    if column.kind is Kind.FLAG and numeric:
        return f"case {given} when 1 then true when 0 then false end"
    # A retyped column is read by its text, so that a flag is not taken for a number.
    number = given if numeric else text
    if column.kind is Kind.INTEGER:
        whole = f"try_cast({number} as bigint)"
        if sent_type in _WHOLE:
            return whole
        real = f"try_cast({number} as double)"
        return f"case when {real} = floor({real}) then {whole} end"
    if column.kind is Kind.REAL:
        return f"case when isfinite(try_cast({number} as double)) then try_cast({number} as double) end"
    if column.kind is Kind.MONEY:
        return f"try_cast({number} as {target})"
    if column.kind is Kind.FLAG:
        return f"try_cast({text} as boolean)"
    is_time = sent_type == "DATE" or sent_type.startswith("TIMESTAMP")
    # As a time first: DuckDB reads a date out of a text with anything behind it.
    return f"try_cast(try_cast({given if is_time else text} as timestamp) as {target})"


def _is_scalar(sent_type: str) -> bool:
    scalars = _WHOLE | _FLOATING | {"BOOLEAN", "DATE"}
    return sent_type in scalars or sent_type.startswith(("DECIMAL", "TIMESTAMP"))


def _faults(table: FeedTable, column: Column) -> list[tuple[str, str]]:
    """Return (condition, reason) pairs of one column."""
    given, value = quoted("x_" + column.name), quoted("v_" + column.name)
    shown = f"{literal(column.name + ' = ')} || left(cast({given} as varchar), {_VALUE_SHOWN})"
    faults = []
    if not column.nullable:
        faults.append((f"{given} is null", literal(f"{column.name} is missing")))
    if column.kind is not Kind.TEXT:
        expected = literal(f" is not {_EXPECTED[column.kind]}")
        faults.append((f"{given} is not null and {value} is null", f"{shown} || {expected}"))
    for bound, sign, word in ((column.minimum, "<", "below"), (column.maximum, ">", "above")):
        if bound is not None:
            number = _number(bound)
            faults.append((f"{value} {sign} {number}", f"{shown} || {literal(f' is {word} {number}')}"))
    if column.pattern:
        malformed = f"not regexp_full_match({value}, {literal(column.pattern)})"
        faults.append((malformed, f"{shown} || {literal(f' is not {column.form}')}"))
    if column.kind in (Kind.DATE, Kind.TIME):
        faults.extend(_date_faults(table, column, value, shown))
    return faults


def _date_faults(table: FeedTable, column: Column, value: str, shown: str) -> list[tuple[str, str]]:
    early = (f"{value} < date '{EARLIEST_DATE}'", f"{shown} || {literal(f' is before {EARLIEST_DATE}')}")
    if table.arrival is Arrival.APPEND and column.name == table.date_column:
        late = (f"{value} > _day", f"{shown} || ' is after the business date ' || cast(_day as varchar)")
    else:
        late = (
            f"{value} > _day + interval {LATEST_YEARS} year",
            f"{shown} || ' is more than {LATEST_YEARS} years after the business date ' || cast(_day as varchar)",
        )
    return [early, late]


def _number(bound: float) -> str:
    return str(int(bound)) if float(bound).is_integer() else str(bound)
