"""Add how a service ended, what the host's file last said of it, and what an end deletes by product group"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("service") as batch:
        batch.add_column(sa.Column("ended_on", sa.Date(), nullable=True))
        batch.add_column(sa.Column("end_reason", sa.String(), server_default="", nullable=False))
        batch.add_column(sa.Column("imported", sa.JSON(none_as_null=True), nullable=True))
        batch.add_column(sa.Column("next_terms", sa.JSON(none_as_null=True), nullable=True))
    with op.batch_alter_table("product_group") as batch:
        batch.add_column(sa.Column("on_end", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("product_group") as batch:
        batch.drop_column("on_end")
    with op.batch_alter_table("service") as batch:
        for column in ("next_terms", "imported", "end_reason", "ended_on"):
            batch.drop_column(column)
