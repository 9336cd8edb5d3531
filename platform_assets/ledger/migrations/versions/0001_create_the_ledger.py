"""Create the ledger."""

import sqlalchemy as sa
from alembic import op

from platform_assets.ledger.tables import UtcInstant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the ledger."""
    _create_artifacts()
    _create_drains()
    _create_model_versions()
    _create_online_snapshots()
    _create_publications()
    _create_quarantined_batches()
    _create_releases()
    _create_artifact_inputs()
    _create_live_pointers()
    _create_pointer_moves()
    _create_published_pointers()


def downgrade() -> None:
    """Undo it."""
    op.drop_table("published_pointers")
    op.drop_table("pointer_moves")
    op.drop_table("live_pointers")
    with op.batch_alter_table("artifact_inputs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_artifact_inputs_input_id"))

    op.drop_table("artifact_inputs")
    with op.batch_alter_table("releases", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_releases_product"))

    op.drop_table("releases")
    op.drop_table("quarantined_batches")
    with op.batch_alter_table("publications", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_publications_product_as_of_model_version_digest"))

    op.drop_table("publications")
    op.drop_table("online_snapshots")
    op.drop_table("model_versions")
    op.drop_table("drains")
    with op.batch_alter_table("artifacts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_artifacts_kind_name_last_made"))

    op.drop_table("artifacts")


def _create_artifacts() -> None:
    op.create_table(
        "artifacts",
        sa.Column("artifact_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("last_made", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("uri", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("code_version", sa.String(), nullable=False),
        sa.Column("created_at", UtcInstant(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("artifact_id", name=op.f("pk_artifacts")),
        sa.UniqueConstraint("sequence", name=op.f("uq_artifacts_sequence")),
    )
    with op.batch_alter_table("artifacts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_artifacts_kind_name_last_made"), ["kind", "name", "last_made"], unique=False
        )


def _create_drains() -> None:
    op.create_table(
        "drains",
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_id", sa.String(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("delta_version", sa.Integer(), nullable=False),
        sa.Column("drained_at", UtcInstant(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "sequence", name=op.f("pk_drains")),
    )


def _create_model_versions() -> None:
    op.create_table(
        "model_versions",
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bundle_digest", sa.String(), nullable=False),
        sa.Column("training_run_id", sa.String(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("gates", sa.JSON(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("approved_at", UtcInstant(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("created_at", UtcInstant(), nullable=False),
        sa.PrimaryKeyConstraint("product", "version", name=op.f("pk_model_versions")),
    )


def _create_online_snapshots() -> None:
    op.create_table(
        "online_snapshots",
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("snapshot_id", sa.String(), nullable=False),
        sa.Column("as_of", UtcInstant(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("deleted", sa.Integer(), nullable=False),
        sa.Column("published_at", UtcInstant(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("uri", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_online_snapshots")),
        sa.UniqueConstraint("service", "snapshot_id", name=op.f("uq_online_snapshots_service_snapshot_id")),
    )


def _create_publications() -> None:
    op.create_table(
        "publications",
        sa.Column("publication_id", sa.Integer(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("as_of", sa.String(), nullable=False),
        sa.Column("model_version", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("release_id", sa.String(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("delta_version", sa.Integer(), nullable=False),
        sa.Column("published_at", UtcInstant(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("publication_id", name=op.f("pk_publications")),
        sa.UniqueConstraint(
            "product",
            "as_of",
            "model_version",
            "revision",
            name=op.f("uq_publications_product_as_of_model_version_revision"),
        ),
    )
    with op.batch_alter_table("publications", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_publications_product_as_of_model_version_digest"),
            ["product", "as_of", "model_version", "digest"],
            unique=False,
        )


def _create_quarantined_batches() -> None:
    op.create_table(
        "quarantined_batches",
        sa.Column("quarantine_id", sa.Integer(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("as_of", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("uri", sa.String(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("quarantined_at", UtcInstant(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("quarantine_id", name=op.f("pk_quarantined_batches")),
        sa.UniqueConstraint("product", "as_of", "digest", name=op.f("uq_quarantined_batches_product_as_of_digest")),
    )


def _create_releases() -> None:
    op.create_table(
        "releases",
        sa.Column("release_id", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("model_version", sa.Integer(), nullable=False),
        sa.Column("bundle_digest", sa.String(), nullable=False),
        sa.Column("contract_version", sa.String(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcInstant(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("release_id", name=op.f("pk_releases")),
    )
    with op.batch_alter_table("releases", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_releases_product"), ["product"], unique=False)


def _create_artifact_inputs() -> None:
    op.create_table(
        "artifact_inputs",
        sa.Column("artifact_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("input_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["artifact_id"], ["artifacts.artifact_id"], name=op.f("fk_artifact_inputs_artifact_id")
        ),
        sa.ForeignKeyConstraint(["input_id"], ["artifacts.artifact_id"], name=op.f("fk_artifact_inputs_input_id")),
        sa.PrimaryKeyConstraint("artifact_id", "position", name=op.f("pk_artifact_inputs")),
    )
    with op.batch_alter_table("artifact_inputs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_artifact_inputs_input_id"), ["input_id"], unique=False)


def _create_live_pointers() -> None:
    op.create_table(
        "live_pointers",
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("release_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("updated_at", UtcInstant(), nullable=False),
        sa.ForeignKeyConstraint(["release_id"], ["releases.release_id"], name=op.f("fk_live_pointers_release_id")),
        sa.PrimaryKeyConstraint("product", name=op.f("pk_live_pointers")),
    )


def _create_pointer_moves() -> None:
    op.create_table(
        "pointer_moves",
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("previous", sa.String(), nullable=True),
        sa.Column("release_id", sa.String(), nullable=False),
        sa.Column("moved_at", UtcInstant(), nullable=False),
        sa.Column("moved_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["previous"], ["releases.release_id"], name=op.f("fk_pointer_moves_previous")),
        sa.ForeignKeyConstraint(["release_id"], ["releases.release_id"], name=op.f("fk_pointer_moves_release_id")),
        sa.PrimaryKeyConstraint("product", "sequence", name=op.f("pk_pointer_moves")),
    )


def _create_published_pointers() -> None:
    op.create_table(
        "published_pointers",
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("as_of", sa.String(), nullable=False),
        sa.Column("publication_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["publication_id"], ["publications.publication_id"], name=op.f("fk_published_pointers_publication_id")
        ),
        sa.PrimaryKeyConstraint("product", "as_of", name=op.f("pk_published_pointers")),
    )
