"""Whether consumers still read what goes: a check of the published predictions, for all outputs of a product."""

import datetime as dt

import dagster as dg

from platform_assets.consumers import readers_of
from platform_assets.contract.product import Product
from platform_assets.contract.version_readers import VersionReader, version_readers, worst

READERS_CHECK = "contract_readers"


def readers_check(key: dg.AssetKey) -> dg.AssetCheckSpec:
    """Return the check: it warns while a declared consumer reads a deprecated version, and fails once that is gone."""
    return dg.AssetCheckSpec(
        READERS_CHECK, asset=key, description="No declared consumer reads a version of the output that goes, or went."
    )


def readers_result(product: Product, at: dt.datetime) -> dg.AssetCheckResult:
    """Return the verdict about the declared consumers at a wall time."""
    found = version_readers(product, readers_of(product.name), at)
    verdict, late = worst(found), [one for one in found if one.verdict != "ok"]
    return dg.AssetCheckResult(
        check_name=READERS_CHECK,
        passed=verdict == "ok",
        severity=dg.AssetCheckSeverity.ERROR if verdict == "fail" else dg.AssetCheckSeverity.WARN,
        description="; ".join(map(str, late)) or "every declared consumer reads the version in force",
        metadata={"readers": dg.MetadataValue.md(_as_markdown(found)), "version": product.score.schema_version},
    )


def _as_markdown(readers: list[VersionReader]) -> str:
    head = "| consumer | output | version | state | sunset | reached at |\n|---|---|---|---|---|---|\n"
    return head + "\n".join(
        f"| {one.title} | {one.output} | {one.version} | {one.state} | {one.sunset or ''} | {one.email} |"
        for one in readers
    )
