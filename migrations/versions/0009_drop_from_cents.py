"""Drop order.from_cents, which nothing reads"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("order", "from_cents")


def downgrade() -> None:
    op.add_column("order", sa.Column("from_cents", sa.Integer(), server_default="0", nullable=False))
