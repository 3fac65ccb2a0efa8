"""Columns and frames: the types of shared tables, stated once.

A frame names its columns, logical types, units and key. Landing, dbt contracts, published
Parquet, tests and documentation all read the same declaration. Not here: any table.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

import pandas as pd
import pyarrow as pa

from assets.kernel.errors import EquipoiseError


class Kind(StrEnum):
    """Logical type of a column."""

    TEXT = "text"
    INTEGER = "integer"
    REAL = "real"
    MONEY = "money"
    FLAG = "flag"
    DATE = "date"
    TIME = "time"


_DUCKDB = {
    Kind.TEXT: "VARCHAR",
    Kind.INTEGER: "BIGINT",
    Kind.REAL: "DOUBLE",
    Kind.MONEY: "DECIMAL(18,4)",
    Kind.FLAG: "BOOLEAN",
    Kind.DATE: "DATE",
    Kind.TIME: "TIMESTAMP",
}
_ARROW: dict[Kind, Any] = {
    Kind.TEXT: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.REAL: pa.float64(),
    Kind.MONEY: pa.decimal128(18, 4),
    Kind.FLAG: pa.bool_(),
    Kind.DATE: pa.date32(),
    Kind.TIME: pa.timestamp("us"),
}
_PANDAS = {
    Kind.TEXT: "object",
    Kind.INTEGER: "int64",
    Kind.REAL: "float64",
    Kind.MONEY: "float64",
    Kind.FLAG: "bool",
    Kind.DATE: "datetime64[us]",
    Kind.TIME: "datetime64[us]",
}
_NULLABLE_PANDAS = {Kind.INTEGER: "Int64", Kind.FLAG: "boolean"}
MONEY_DECIMALS = 4


@dataclass(frozen=True)
class Column:
    """One column of a shared table.

    Parameters
    ----------
    name : str
        Snake case, ending in its unit where it has one.
    kind : Kind
        Logical type.
    description : str
        One sentence, shown in dbt docs and in Dagster.
    nullable : bool
        Whether the value may be missing.
    unit : str
        Unit of measure, empty where there is none.
    minimum, maximum : float or None
        Inclusive bounds of a valid value. Rows beyond them are quarantined on landing.
    pattern, form : str
        Regular expression that a whole text must match, and what it asks for in words; empty for
        any text. Rows that do not match are quarantined on landing.
    optional : bool
        Whether a feed may leave the whole column out: it joined the contract after files were agreed
        on without it. Such a column is nullable.
    """

    name: str
    kind: Kind
    description: str
    nullable: bool = False
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    pattern: str = ""
    form: str = ""
    optional: bool = False

    @property
    def duckdb_type(self) -> str:
        """Type of the column in the warehouse."""
        return _DUCKDB[self.kind]

    @property
    def arrow_type(self) -> Any:
        """Type of the column in published Parquet."""
        return _ARROW[self.kind]

    @cached_property
    def pandas_dtype(self) -> Any:
        """Type of the column in memory; money is float64 there and DECIMAL at rest."""
        name = _NULLABLE_PANDAS.get(self.kind, _PANDAS[self.kind]) if self.nullable else _PANDAS[self.kind]
        return pd.api.types.pandas_dtype(name)


@dataclass(frozen=True)
class Frame:
    """A shared table.

    Parameters
    ----------
    name : str
        Unique among all frames.
    grain : str
        "One row per ...".
    columns : tuple of Column
        In order.
    key : tuple of str
        Columns that identify a row, in sort order.
    """

    name: str
    grain: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        unknown = set(self.key) - set(self.names)
        if unknown or len(set(self.names)) != len(self.columns):
            raise EquipoiseError(
                f"key columns {sorted(unknown)} are not columns, or a column is named twice",
                where=f"frame {self.name}",
                remedy="Correct the declaration",
            )

    @property
    def names(self) -> list[str]:
        """Column names, in order."""
        return [column.name for column in self.columns]

    def column(self, name: str) -> Column:
        """Return the column called ``name``."""
        return next(column for column in self.columns if column.name == name)

    def empty(self) -> pd.DataFrame:
        """Return a frame of no rows with the declared types."""
        return pd.DataFrame({c.name: pd.Series([], dtype=c.pandas_dtype) for c in self.columns})

    def conform(self, data: pd.DataFrame) -> pd.DataFrame:
        """Return ``data`` with exactly the declared columns, in order, typed and sorted by key.

        An optional column that is missing comes back without a value.

        Raises
        ------
        EquipoiseError
            If a column is missing, a value cannot be cast, a null stands where none may, or
            the key is not unique.
        """
        absent = [column for column in self.columns if column.name not in data.columns]
        missing = [column.name for column in absent if not column.optional]
        if missing:
            raise self._fault(f"columns {missing} are missing; it has {list(data.columns)}")
        data = data.assign(**{column.name: None for column in absent}) if absent else data
        data = data.reset_index(drop=True)
        cast = {column.name: self._cast(data[column.name], column) for column in self.columns}
        result = pd.DataFrame(cast)
        if self.key:
            if result.duplicated(list(self.key)).any():
                twice = result.loc[result.duplicated(list(self.key)), list(self.key)].iloc[0].to_dict()
                raise self._fault(f"key {list(self.key)} stands twice, first for {twice}")
            result = result.sort_values(list(self.key), kind="stable", ignore_index=True)
        return result

    def _cast(self, values: pd.Series[Any], column: Column) -> pd.Series[Any]:
        if not column.nullable and values.isna().any():
            raise self._fault(f"column {column.name} holds {int(values.isna().sum())} nulls")
        try:
            if column.kind in (Kind.DATE, Kind.TIME):
                # What is a time already is not parsed: that looks at every value.
                values = values if pd.api.types.is_datetime64_dtype(values) else pd.to_datetime(values)
            if column.kind is Kind.MONEY:
                return values.astype("float64").round(MONEY_DECIMALS)
            if column.kind is Kind.TEXT:
                return _text(values)
            if values.dtype == column.pandas_dtype:
                return values
            cast: pd.Series[Any] = values.astype(column.pandas_dtype)
            return cast
        except (TypeError, ValueError) as error:
            raise self._fault(f"column {column.name} is not {column.kind}: {error}") from error

    def to_arrow(self, data: pd.DataFrame) -> pa.Table:
        """Return the conformed ``data`` as an Arrow table of the declared types."""
        conformed = self.conform(data)
        arrays = [_arrow_array(conformed[column.name], column) for column in self.columns]
        return pa.Table.from_arrays(arrays, names=self.names)

    def from_arrow(self, table: pa.Table) -> pd.DataFrame:
        """Return an Arrow table of this frame in its in-memory types, rows as they stand.

        Whoever wrote it has settled that keys are unique and rows in their order.

        Raises
        ------
        EquipoiseError
            If a null stands where none may.
        """
        money = {c.name for c in self.columns if c.kind is Kind.MONEY}
        for index, name in enumerate(table.column_names):
            if name in money:
                table = table.set_column(index, name, table.column(name).cast(pa.float64()))
        data = table.to_pandas(date_as_object=False)
        return pd.DataFrame({column.name: self._read(data, table, column) for column in self.columns})

    def _read(self, data: pd.DataFrame, table: pa.Table, column: Column) -> pd.Series[Any]:
        # Arrow knows its nulls, and tells texts as they are held; casting a million of them takes a second.
        if column.kind is not Kind.TEXT or (table.column(column.name).null_count and not column.nullable):
            return self._cast(data[column.name], column)
        return data[column.name]

    def _fault(self, what: str) -> EquipoiseError:
        return EquipoiseError(
            what, where=f"frame {self.name}", remedy="Mend the producer or the declaration of the frame"
        )


def _text(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return texts with None, not NaN, where one is missing."""
    missing = values.isna().to_numpy()
    if values.dtype == object and not missing.any():
        return values
    filled = values.astype("object").to_numpy(copy=True)
    filled[missing] = None
    return pd.Series(filled, dtype="object")


def _arrow_array(values: pd.Series[Any], column: Column) -> pa.Array:
    if column.kind is Kind.MONEY:
        # Through text: a float's shortest form at four decimals is the intended decimal.
        text = values.map(lambda x: None if pd.isna(x) else f"{x:.{MONEY_DECIMALS}f}")
        return pa.array(text, type=pa.string(), from_pandas=True).cast(column.arrow_type)
    return pa.array(values, type=column.arrow_type, from_pandas=True)


def text(name: str, description: str, *, nullable: bool = False, pattern: str = "", form: str = "") -> Column:
    """Declare a text column."""
    return Column(name, Kind.TEXT, description, nullable, pattern=pattern, form=form)


def integer(
    name: str,
    description: str,
    *,
    nullable: bool = False,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
) -> Column:
    """Declare an integer column."""
    return Column(name, Kind.INTEGER, description, nullable, unit, minimum, maximum)


def real(
    name: str,
    description: str,
    *,
    nullable: bool = False,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
) -> Column:
    """Declare a double-precision column."""
    return Column(name, Kind.REAL, description, nullable, unit, minimum, maximum)


def money(name: str, description: str, *, nullable: bool = False, minimum: float | None = None) -> Column:
    """Declare a DECIMAL(18,4) column in the network's currency."""
    return Column(name, Kind.MONEY, description, nullable, "currency", minimum)


def flag(name: str, description: str, *, nullable: bool = False) -> Column:
    """Declare a boolean column."""
    return Column(name, Kind.FLAG, description, nullable)


def date(name: str, description: str, *, nullable: bool = False) -> Column:
    """Declare a date column."""
    return Column(name, Kind.DATE, description, nullable)


def time(name: str, description: str, *, nullable: bool = False) -> Column:
    """Declare a UTC timestamp column."""
    return Column(name, Kind.TIME, description, nullable)
