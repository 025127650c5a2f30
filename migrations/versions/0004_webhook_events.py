"""Add approval and return URLs of attempts, and the webhook events of providers"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("attempt") as batch:
        batch.add_column(sa.Column("return_url", sa.String(), server_default="", nullable=False))
        batch.add_column(sa.Column("approve_url", sa.String(), server_default="", nullable=False))

    op.create_table(
        "notice",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("attempt_key", sa.String(), nullable=False),
        sa.Column("provider_ref", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )


def downgrade() -> None:
    op.drop_table("notice")
    with op.batch_alter_table("attempt") as batch:
        batch.drop_column("approve_url")
        batch.drop_column("return_url")
