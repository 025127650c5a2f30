"""Add the queue in which a message waits"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_IS_PENDING = sa.text("done_at IS NULL AND dead_at IS NULL")


def upgrade() -> None:
    op.add_column("message", sa.Column("queue", sa.String(60), server_default="2-email", nullable=False))
    op.execute("UPDATE message SET queue = '1-' || kind WHERE kind <> 'email'")
    columns = ["queue", "run_at", "id"]
    op.create_index("ix_message_queue", "message", columns, sqlite_where=_IS_PENDING, postgresql_where=_IS_PENDING)


def downgrade() -> None:
    op.drop_index("ix_message_queue", "message")
    op.drop_column("message", "queue")
