"""Grafana's dashboards as Grafana reads them: panels in rows of a grid of 24 columns, each with its questions."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import msgspec

# Grafana 11 writes this version; later ones bring it up to their own when they load it.
SCHEMA_VERSION = 39
_COLUMNS = 24
_DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
_REFRESH = "30s"

Kind = Literal["timeseries", "stat", "heatmap", "bargauge", "table"]


class Query(NamedTuple):
    """One question to Prometheus and what its answers are called; `{{label}}` is the value of a label."""

    expr: str
    legend: str = ""


class Threshold(NamedTuple):
    """From this value on a panel is drawn in a colour; the first one has none and is drawn below all others."""

    value: float | None
    color: str


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """One picture; `unit` is one of Grafana's. A table shows what is true now, one line per answer."""

    title: str
    queries: tuple[Query, ...]
    told: str
    kind: Kind = "timeseries"
    unit: str = "short"
    width: int = 12
    height: int = 8
    thresholds: tuple[Threshold, ...] = ()


class Row(msgspec.Struct, frozen=True):
    """Panels under one heading, side by side as they fit."""

    title: str
    panels: tuple[Panel, ...]


class Variable(NamedTuple):
    """A choice at the top of a dashboard among the values of a label."""

    name: str
    label: str
    query: str


class Dashboard(msgspec.Struct, frozen=True, kw_only=True):
    """One page of Grafana; `uid` is its name in addresses, so that links survive a new version."""

    uid: str
    title: str
    told: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()


def document_of(dashboard: Dashboard) -> dict[str, Any]:
    """Return a dashboard as Grafana's provisioning takes it."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.told,
        "tags": ["platform"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": _REFRESH,
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "utc",
        "annotations": {"list": []},
        "templating": {"list": [_datasource(), *map(_variable, dashboard.variables)]},
        "links": [
            {
                "type": "dashboards",
                "title": "Platform",
                "tags": ["platform"],
                "asDropdown": True,
                "includeVars": True,
                "keepTime": True,
            }
        ],
        "panels": _panels(dashboard.rows),
    }


def _panels(rows: Sequence[Row]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    top = 0
    for row in rows:
        place = {"x": 0, "y": top, "w": _COLUMNS, "h": 1}
        found.append(
            {
                "id": len(found) + 1,
                "type": "row",
                "title": row.title,
                "collapsed": False,
                "panels": [],
                "gridPos": place,
            }
        )
        top, left, tallest = top + 1, 0, 0
        for panel in row.panels:
            if left + panel.width > _COLUMNS:
                top, left, tallest = top + tallest, 0, 0
            place = {"x": left, "y": top, "w": panel.width, "h": panel.height}
            found.append(_panel(panel, len(found) + 1, place))
            left, tallest = left + panel.width, max(tallest, panel.height)
        top += tallest
    return found


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    steps = [{"value": each.value, "color": each.color} for each in panel.thresholds]
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.told,
        "datasource": _DATASOURCE,
        "gridPos": place,
        "targets": [_target(panel, query, chr(ord("A") + at)) for at, query in enumerate(panel.queries)],
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "thresholds": {"mode": "absolute", "steps": steps or [{"value": None, "color": "green"}]},
                **({"custom": {"thresholdsStyle": {"mode": "line"}}} if steps and panel.kind == "timeseries" else {}),
            },
            "overrides": [],
        },
        "options": _options(panel.kind),
    }


def _target(panel: Panel, query: Query, name: str) -> dict[str, Any]:
    is_now = panel.kind in {"stat", "table", "bargauge"}
    return {
        "refId": name,
        "datasource": _DATASOURCE,
        "expr": query.expr,
        "legendFormat": query.legend or "__auto",
        "instant": is_now,
        "range": not is_now,
        "format": {"table": "table", "heatmap": "heatmap"}.get(panel.kind, "time_series"),
    }


def _options(kind: Kind) -> dict[str, Any]:
    if kind == "timeseries":
        return {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}}
    if kind == "heatmap":
        return {"calculate": False, "yAxis": {"unit": "short"}, "color": {"mode": "scheme", "scheme": "Blues"}}
    if kind == "table":
        return {"showHeader": True}
    return {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}


def _datasource() -> dict[str, Any]:
    return {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Source"}


def _variable(variable: Variable) -> dict[str, Any]:
    return {
        "name": variable.name,
        "type": "query",
        "label": variable.label,
        "datasource": _DATASOURCE,
        "query": {"query": variable.query, "refId": variable.name},
        "refresh": 2,
        "sort": 1,
        "includeAll": False,
        "multi": False,
    }
