"""Add the servers of the catalogue, and the server of each service"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("catalog_version", sa.Column("servers", sa.JSON(none_as_null=True), server_default="{}", nullable=False))
    op.add_column("service", sa.Column("server", sa.String(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("service", "server")
    op.drop_column("catalog_version", "servers")
