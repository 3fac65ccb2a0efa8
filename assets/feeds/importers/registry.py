"""The importers there are, by the name of their data set."""

from __future__ import annotations

from assets.feeds.importers.favorita import import_favorita
from assets.feeds.importers.report import Importer
from assets.feeds.importers.vn2 import import_vn2

IMPORTERS: dict[str, Importer] = {"favorita": import_favorita, "vn2": import_vn2}
