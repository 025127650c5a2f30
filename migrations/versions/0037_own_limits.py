"""Add the limits that a host names itself to the catalogue"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("catalog_version", sa.Column("limits", sa.JSON(none_as_null=True), server_default="{}", nullable=False))


def downgrade() -> None:
    op.drop_column("catalog_version", "limits")
