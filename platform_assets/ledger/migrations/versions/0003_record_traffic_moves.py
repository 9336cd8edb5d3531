"""Record every move of who answers a product's traffic."""

import sqlalchemy as sa
from alembic import op

from platform_assets.ledger.tables import UtcInstant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of moves."""
    op.create_table(
        "traffic_moves",
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("release_id", sa.String(), nullable=False),
        sa.Column("candidate", sa.String(), nullable=True),
        sa.Column("rollout_id", sa.String(), nullable=True),
        sa.Column("step", sa.String(), nullable=True),
        sa.Column("share", sa.Float(), nullable=True),
        sa.Column("moved_at", UtcInstant(), nullable=False),
        sa.Column("moved_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("is_shown", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("product", "sequence", name=op.f("pk_traffic_moves")),
    )
    with op.batch_alter_table("traffic_moves", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_traffic_moves_product_candidate"), ["product", "candidate"], unique=False)


def downgrade() -> None:
    """Undo it."""
    with op.batch_alter_table("traffic_moves", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_traffic_moves_product_candidate"))

    op.drop_table("traffic_moves")
