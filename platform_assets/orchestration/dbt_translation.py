"""How the dbt project reads as assets: keys, groups and the data set that each model comes from."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator

from platform_assets.contract import names
from platform_assets.contract.datasets import DATASETS


def dataset_of(manifest: Mapping[str, Any], unique_id: str) -> str:
    """Return the raw data set that a dbt node comes from, by walking to its sources."""
    if unique_id.startswith("source."):
        return unique_id.rsplit(".", 1)[1]
    for parent in manifest["parent_map"].get(unique_id, []):
        return dataset_of(manifest, parent)
    return next(iter(DATASETS))


def models_of(manifest: Mapping[str, Any], folder: str, dataset: str) -> list[str]:
    """Return the names of the models of one folder that come from a data set, sorted."""
    return sorted(
        node["name"]
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
        and node["path"].startswith(f"{folder}/")
        and dataset_of(manifest, unique_id) == dataset
    )


class PlatformDbtTranslator(DagsterDbtTranslator):
    """Names dbt models as the rest of the platform does and tags them with their data set."""

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        """Keep the manifest to find the data set of a model."""
        super().__init__()
        self._manifest = manifest

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Return `staging/<model>` or `features/<view>`; a source keeps the key of its raw asset."""
        if dbt_resource_props["resource_type"] != "model":
            return super().get_asset_key(dbt_resource_props)
        name = dbt_resource_props["name"]
        is_view = dbt_resource_props["path"].startswith("features/")
        return dg.AssetKey(names.feature_view_key(name) if is_view else names.staging_key(name))

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Return the folder of a model: staging or features."""
        return str(dbt_resource_props["path"]).split("/", maxsplit=1)[0]

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, str]:
        """Return the data set of a model; the jobs of a data set select by it."""
        return {"dataset": dataset_of(self._manifest, dbt_resource_props["unique_id"])}
