"""What a product reads: the staging models its SQL names and the feature views it takes columns from."""

import re

import dagster as dg

from platform_assets.contract import names
from platform_assets.contract.product import Product
from platform_assets.settings import PROJECT_ROOT

_TABLE = re.compile(r"\b(?:from|join)\s+([a-z_][a-z0-9_]*)", re.IGNORECASE)


def staging_models() -> frozenset[str]:
    """Return the names of the staging models of the dbt project."""
    return frozenset(path.stem for path in (PROJECT_ROOT / "dbt_project" / "models" / "staging").glob("*.sql"))


def staging_of(product: Product) -> tuple[str, ...]:
    """Return the staging models that a product's population, examples or label read, sorted."""
    sql = f"{product.batch.population} {product.examples_sql} {product.label.sql}"
    return tuple(sorted(set(_TABLE.findall(sql)) & staging_models()))


def source_deps(product: Product) -> list[dg.AssetDep]:
    """Return the assets whose rows a product reads.

    Feature views are partitioned by as-of day; a product reads their whole history up to its as-of.
    """
    staging = [dg.AssetDep(dg.AssetKey(names.staging_key(model))) for model in staging_of(product)]
    views = [
        dg.AssetDep(dg.AssetKey(names.feature_view_key(use.view)), partition_mapping=dg.AllPartitionMapping())
        for use in product.features.views
    ]
    return [*staging, *views]
