"""Where run-time data live: one folder per network, nothing of it in the source tree."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from assets.kernel.network import NetworkProfile, read_profile


@dataclass(frozen=True)
class NetworkHome:
    """The folder of one network.

    Parameters
    ----------
    root : Path
        Folder that holds the network's profile; everything else is made below it.
    """

    root: Path

    @property
    def profile(self) -> NetworkProfile:
        """What the network says of itself."""
        return read_profile(self.root)

    @property
    def landing(self) -> Path:
        """Batches as they arrived."""
        return self.root / "landing"

    @property
    def warehouse(self) -> Path:
        """DuckDB file; one writer at a time."""
        return self.root / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """Immutable Parquet by (stage, plan date, run), and the pointers to the latest."""
        return self.root / "published"

    @property
    def ledger(self) -> Path:
        """SQLite ledger of the embedded set-up."""
        return self.root / "ledger.db"

    @property
    def ledger_checkpoints(self) -> Path:
        """Ends of the ledger's hash chain, outside its database."""
        return self.root / "ledger.checkpoints"

    @property
    def policies(self) -> Path:
        """The network's own policy releases, a YAML file each."""
        return self.root / "policies"

    @property
    def gateway_files(self) -> Path:
        """Orders and answers as files, where no other gateway is named."""
        return self.root / "gateway"

    @property
    def dagster(self) -> Path:
        """Dagster's own home."""
        return self.root / "dagster"

    @property
    def dbt_target(self) -> Path:
        """Manifest and artefacts of dbt."""
        return self.root / "dbt"

    @property
    def data_docs(self) -> Path:
        """Great Expectations data docs, as HTML."""
        return self.root / "data_docs"

    @property
    def alerts(self) -> Path:
        """What the file channel of alerts wrote."""
        return self.root / "alerts"

    @property
    def locks(self) -> Path:
        """Locks and who holds them."""
        return self.root / "locks"
