"""Errors that a person can act on: what is wrong, where, and the remedy."""

from __future__ import annotations


class EquipoiseError(Exception):
    """An expected failure, told in one line.

    Parameters
    ----------
    what : str
        The rule that is broken, with the value met.
    where : str
        The file, table, column, setting or identifier concerned.
    remedy : str
        What the reader can do about it.
    """

    def __init__(self, what: str, *, where: str, remedy: str) -> None:
        self.what = _one_line(what)
        self.where = _one_line(where)
        self.remedy = _one_line(remedy)
        super().__init__(f"{self.where}: {self.what}. {self.remedy}")


def _one_line(text: str) -> str:
    return " ".join(str(text).split()).rstrip(".")
