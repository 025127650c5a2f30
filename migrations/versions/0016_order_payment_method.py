"""Add order.payment_method, the method chosen when a change is confirmed"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("order", sa.Column("payment_method", sa.String(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("order", "payment_method")
