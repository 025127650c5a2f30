"""Add when, by whom and with what note staff closed what a provider reported"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("webhook_event", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    for name in ("closed_by", "note"):
        op.add_column("webhook_event", sa.Column(name, sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    for name in ("note", "closed_by", "closed_at"):
        op.drop_column("webhook_event", name)
