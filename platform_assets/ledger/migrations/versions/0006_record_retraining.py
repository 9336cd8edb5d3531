"""Record requests for a new model and what became of them."""

import sqlalchemy as sa
from alembic import op

from platform_assets.ledger.tables import UtcInstant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "retraining_requests",
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=True),
        sa.Column("release_id", sa.String(), nullable=False),
        sa.Column("cutoff", sa.Date(), nullable=False),
        sa.Column("train_from", sa.Date(), nullable=False),
        sa.Column("requested_at", UtcInstant(), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_retraining_requests")),
    )
    with op.batch_alter_table("retraining_requests", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_retraining_requests_product_cause"), ["product", "cause"], unique=True)

    op.create_table(
        "retraining_steps",
        sa.Column("step_id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("happened_at", UtcInstant(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["retraining_requests.request_id"],
            name=op.f("fk_retraining_steps_request_id_retraining_requests"),
        ),
        sa.PrimaryKeyConstraint("step_id", name=op.f("pk_retraining_steps")),
    )
    with op.batch_alter_table("retraining_steps", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_retraining_steps_request_id"), ["request_id"], unique=False)


def downgrade() -> None:
    """Undo it."""
    with op.batch_alter_table("retraining_steps", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_retraining_steps_request_id"))

    op.drop_table("retraining_steps")
    with op.batch_alter_table("retraining_requests", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_retraining_requests_product_cause"))

    op.drop_table("retraining_requests")
