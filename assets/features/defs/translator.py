"""What Dagster calls dbt's nodes: keys, groups, owners, metadata."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings

# Taking a feed in fills the quarantine too; of the assets, the batches stand after all of that.
_FILLED_BEFORE = {"quarantine": "batches"}


class LayerTranslator(DagsterDbtTranslator):
    """Names dbt's nodes as the graph does: layer, then table."""

    def __init__(self) -> None:
        super().__init__(
            DagsterDbtTranslatorSettings(
                enable_asset_checks=True, enable_source_metadata=False, enable_duplicate_source_asset_keys=True
            )
        )

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Return ``raw/<table>`` or ``quality/verdicts`` for a source, ``<layer>/<model>`` for a model."""
        if dbt_resource_props["resource_type"] == "source":
            table = dbt_resource_props["identifier"]
            return dg.AssetKey([dbt_resource_props["schema"], _FILLED_BEFORE.get(table, table)])
        return dg.AssetKey([_layer(dbt_resource_props), dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Return the stage."""
        return "staging" if _layer(dbt_resource_props) == "staging" else "features"

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str]:
        """Return the team that answers for the feed, or for the model."""
        owner = dbt_resource_props.get("config", {}).get("meta", {}).get("owner", "data")
        return [f"team:{owner}"]

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the columns, and for a mart the frame that readers read it as."""
        metadata = dict(super().get_metadata(dbt_resource_props))
        if _layer(dbt_resource_props) == "marts":
            metadata["frame"] = dbt_resource_props["name"]
        return metadata


def _layer(properties: Mapping[str, Any]) -> str:
    return str(properties["schema"])
