"""Add payment accounts saved at a provider"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saved_method",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_saved_method_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_method")),
    )
    op.create_index(op.f("ix_saved_method_client_id"), "saved_method", ["client_id"])
    is_of_use = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_saved_method_of_client",
        "saved_method",
        ["client_id", "provider"],
        unique=True,
        sqlite_where=is_of_use,
        postgresql_where=is_of_use,
    )
    with op.batch_alter_table("attempt") as batch:
        batch.add_column(sa.Column("saves", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch.add_column(sa.Column("saved_method_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(op.f("fk_attempt_saved_method_id"), "saved_method", ["saved_method_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("attempt") as batch:
        batch.drop_constraint(op.f("fk_attempt_saved_method_id"), type_="foreignkey")
        batch.drop_column("saved_method_id")
        batch.drop_column("saves")
    op.drop_table("saved_method")
