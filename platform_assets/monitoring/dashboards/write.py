"""Writes everything that Prometheus and Grafana need into one directory; the same declarations give the same bytes."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from platform_assets.contract.product import Product
from platform_assets.cost_settings import CostSettings
from platform_assets.inference.durable import write_file
from platform_assets.monitoring.dashboards import panels, rule_words
from platform_assets.monitoring.dashboards.boards import dashboards
from platform_assets.monitoring.dashboards.platform_rules import JOB
from platform_assets.monitoring.dashboards.rules import rule_groups

RULES_FILE = "platform.rules.yml"
KEY_FILE = "platform.key"
_FOLDER = "Platform"
_SCRAPE_EVERY = "15s"


def files_of(
    products: Sequence[Product], prices: CostSettings, *, targets: Sequence[str], has_key: bool
) -> dict[str, str]:
    """Return the files by path: Prometheus' configuration and rules, Grafana's dashboards and provisioning.

    `targets` are `host:port` of endpoints. With a key, Prometheus reads it from a file beside its configuration.
    """
    boards = {
        f"grafana/dashboards/{each.uid}.json": json.dumps(panels.document_of(each), indent=2) + "\n"
        for each in dashboards(products, prices)
    }
    return {
        "prometheus/prometheus.yml": _yaml(prometheus_of(targets, has_key=has_key)),
        f"prometheus/{RULES_FILE}": _yaml(rule_words.document_of(rule_groups(products))),
        **boards,
        "grafana/provisioning/dashboards/platform.yml": _yaml(_PROVIDER),
        "grafana/provisioning/datasources/platform.yml": _yaml(_DATASOURCE),
    }


def write_files(directory: Path, files: Mapping[str, str], *, fsync: bool) -> list[Path]:
    """Write files below a directory, each as a whole, and return their paths; nothing else there is touched."""
    written = []
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, text.encode(), fsync=fsync)
        written.append(path)
    return written


def prometheus_of(targets: Sequence[str], *, has_key: bool) -> dict[str, Any]:
    """Return the configuration of a Prometheus that scrapes these endpoints and evaluates the rules."""
    scrape: dict[str, Any] = {"job_name": JOB, "metrics_path": "/metrics"}
    if has_key:
        scrape["authorization"] = {"type": "Bearer", "credentials_file": KEY_FILE}
    scrape["static_configs"] = [{"targets": list(targets)}]
    return {
        "global": {"scrape_interval": _SCRAPE_EVERY, "evaluation_interval": _SCRAPE_EVERY},
        "rule_files": [RULES_FILE],
        "scrape_configs": [scrape],
    }


_PROVIDER = {
    "apiVersion": 1,
    "providers": [
        {
            "name": "platform",
            "folder": _FOLDER,
            "type": "file",
            "allowUiUpdates": False,
            "options": {"path": "/etc/grafana/dashboards/platform"},
        }
    ],
}
_DATASOURCE = {
    "apiVersion": 1,
    "datasources": [
        {
            "name": "Prometheus",
            "type": "prometheus",
            "access": "proxy",
            "url": "http://localhost:9090",
            "isDefault": True,
        }
    ],
}


def _yaml(document: dict[str, Any]) -> str:
    text: str = yaml.safe_dump(document, sort_keys=False, width=1000, allow_unicode=True)
    return text
