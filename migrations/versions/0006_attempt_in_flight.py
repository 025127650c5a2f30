"""Add the instant at which a charge was last requested"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("attempt") as batch:
        batch.add_column(sa.Column("on_wire_since", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE attempt SET on_wire_since = begun_at WHERE status = 'sending'")


def downgrade() -> None:
    with op.batch_alter_table("attempt") as batch:
        batch.drop_column("on_wire_since")
