"""Add the number of the renewal that a confirmed change, or a cancellation request, voided"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("order", sa.Column("voided_renewal", sa.String(), server_default="", nullable=False))
    op.add_column("cancellation", sa.Column("voided_renewal", sa.String(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("cancellation", "voided_renewal")
    op.drop_column("order", "voided_renewal")
