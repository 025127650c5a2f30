"""Add until when the system before this one has invoiced a service"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("service", sa.Column("invoiced_until", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("service", "invoiced_until")
