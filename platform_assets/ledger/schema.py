"""The whole schema of the ledger: importing the record modules registers their tables."""

from platform_assets.ledger import (
    artifacts,
    decisions,
    drains,
    incidents,
    models,
    notifications,
    promises,
    publications,
    quarantined,
    releases,
    retraining,
    silences,
    sla_counts,
    snapshots,
    traffic_moves,
)
from platform_assets.ledger.tables import METADATA

RECORD_MODULES = (
    artifacts,
    decisions,
    drains,
    incidents,
    models,
    notifications,
    promises,
    publications,
    quarantined,
    releases,
    retraining,
    silences,
    sla_counts,
    snapshots,
    traffic_moves,
)
SCHEMA = METADATA
