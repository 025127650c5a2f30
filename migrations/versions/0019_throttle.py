"""Add throttle: the counters of wrong passwords and of other acts that are limited"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "throttle",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("forget_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name=op.f("pk_throttle")),
    )
    op.create_index(op.f("ix_throttle_forget_at"), "throttle", ["forget_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_throttle_forget_at"), table_name="throttle")
    op.drop_table("throttle")
