"""Forget the webhooks of consumers that incidents held: such a URL is a secret, and nothing reads it there."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_INCIDENTS = sa.table("incidents", sa.column("incident_id", sa.Integer), sa.column("impact", sa.JSON))


def upgrade() -> None:
    """Leave them out of every recorded impact."""
    connection = op.get_bind()
    for incident_id, impact in connection.execute(sa.select(_INCIDENTS.c.incident_id, _INCIDENTS.c.impact)).all():
        told = _without_webhooks(impact)
        if told != impact:
            this = sa.update(_INCIDENTS).where(_INCIDENTS.c.incident_id == incident_id)
            connection.execute(this.values(impact=told))


def downgrade() -> None:
    """Leave it as it is: what was forgotten is in the declarations of the consumers."""


def _without_webhooks(impact: dict[str, Any]) -> dict[str, Any]:
    if "readings" not in impact:
        return impact
    readings = [{name: told for name, told in one.items() if name != "webhook"} for one in impact["readings"]]
    return {**impact, "readings": readings}
