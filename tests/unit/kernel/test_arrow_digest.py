"""The digest of a published table says what it holds, not how it lay in memory."""

import numpy as np
import pyarrow as pa

from assets.kernel.published import arrow_digest


def with_a_null_over(values: list[int]) -> pa.Table:
    """Return three integers whose second is null, with a value of choice beneath the null."""
    bitmap = pa.py_buffer(bytes([0b101]))
    column = pa.Array.from_buffers(pa.int64(), 3, [bitmap, pa.py_buffer(np.array(values).tobytes())])
    return pa.table({"a": column})


def test_what_lies_beneath_a_null_does_not_count() -> None:
    assert arrow_digest(with_a_null_over([1, 99, 3])) == arrow_digest(with_a_null_over([1, 5, 3]))


def test_which_values_are_null_counts() -> None:
    tables = [pa.table({"a": pa.array(v, pa.int64())}) for v in ([1, None, 1], [1, 1, 1], [1, 1, None], [None] * 3)]
    assert len({arrow_digest(table) for table in tables}) == len(tables)


def test_names_and_types_count() -> None:
    one = pa.array([1], pa.int64())
    tables = [pa.table({"a": one}), pa.table({"b": one}), pa.table({"a": one.cast(pa.int32())})]
    assert len({arrow_digest(table) for table in tables}) == len(tables)
