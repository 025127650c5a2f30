"""Add product_group.icon, the symbol shown beside the services of the group"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("product_group", sa.Column("icon", sa.String(), server_default="server", nullable=False))


def downgrade() -> None:
    op.drop_column("product_group", "icon")
