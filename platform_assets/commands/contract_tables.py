"""Contracts, their changes and their readers as tables for people."""

import datetime as dt
from collections.abc import Mapping

from rich.console import Group
from rich.markup import escape
from rich.table import Table

from platform_assets.commands.contract_records import VersionUses
from platform_assets.commands.terminal import facts_table
from platform_assets.contract.changes import Comparison
from platform_assets.contract.product import Product
from platform_assets.contract.published_columns import ColumnType, published_columns
from platform_assets.contract.versions import state_of

_SHOWN_AS = {"ok": "", "warn": "has to move", "fail": "too late"}


def contract_tables(product: Product, key_types: Mapping[str, ColumnType], at: dt.datetime) -> Group:
    """Return what consumers of a product's published predictions may rely on: meaning, versions, columns."""
    return Group(_meaning(product), _versions(product, at), _columns(product, key_types))


def changes_table(found: Comparison) -> Group:
    """Return what is different, the breaking changes first, and whether it may be released."""
    table = _table("Kind", "Field", "Change", "Why")
    for one in found.changes:
        table.add_row(one.kind, *map(escape, (one.field, one.change, one.reason)))
    if found.problems:
        verdict = "breaks its readers: undo it, or raise score.schema_version and declare the earlier version"
    elif found.from_version != found.to_version:
        verdict = f"version {found.to_version} may follow version {found.from_version}"
    else:
        verdict = f"readers of version {found.to_version} can go on"
    return Group(table, verdict) if found.changes else Group(verdict)


def uses_tables(uses: VersionUses) -> Group:
    """Return who declares to read which version, and what the endpoint answered in which."""
    declared = _table("Product", "Output", "Version", "State", "Sunset", "Reader", "Importance", "Reached at", "")
    for one in uses.declared:
        sunset = "-" if one.sunset is None else one.sunset.isoformat()
        version = (one.product, one.output, str(one.version), one.state, sunset)
        reader = map(escape, (one.title, one.importance, f"{one.team} {one.email}"))
        declared.add_row(*version, *reader, _SHOWN_AS[one.verdict])
    observed = _table("Answered of", "Version", "Answers", "Last")
    for use in uses.observed:
        observed.add_row(use.product, str(use.version), f"{use.answers:,}", use.last_at.isoformat(timespec="seconds"))
    return Group(declared, observed)


def _meaning(product: Product) -> Table:
    score = product.score
    return facts_table(
        {
            "product": f"{product.name}: {product.title}",
            "version of the output": score.schema_version,
            "meaning": score.meaning,
            "kind and range": f"{score.kind}, {score.low:g} to {score.high:g} {score.unit}",
            "intended use": score.intended_use,
            "known limitations": " ".join(score.known_limitations),
            "owner": f"{product.owner.team} {product.owner.email}",
            "largest age": f"{product.batch.freshness.max_age_hours:g} h",
        }
    )


def _versions(product: Product, at: dt.datetime) -> Table:
    current = product.score.schema_version
    table = _table("Version", "State", "Deprecated", "Sunset", "What changed")
    table.add_row(str(current), "current", "-", "-", "-")
    for one in sorted(product.earlier_versions, key=lambda each: -each.version):
        state = state_of(current, product.earlier_versions, one.version, at)
        days = (one.deprecated_on.isoformat(), one.sunset.isoformat())
        table.add_row(str(one.version), state, *days, escape(one.what_changed))
    return table


def _columns(product: Product, key_types: Mapping[str, ColumnType]) -> Table:
    table = _table("Column", "Type", "Empty", "Meaning")
    for one in published_columns(product):
        kind = one.type or key_types.get(one.name, "string")
        table.add_row(one.name, kind, "never" if one.is_required else "may be", escape(one.description))
    return table


def _table(*columns: str) -> Table:
    return Table(*columns, box=None, padding=(0, 1))
