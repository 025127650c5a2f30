"""Add the day on which the client was told that an invoice is overdue"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("invoice", sa.Column("overdue_notice_on", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("invoice", "overdue_notice_on")
