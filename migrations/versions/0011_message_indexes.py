"""Add the indexes by which dead messages are counted and old ones deleted"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    is_dead = sa.text("dead_at IS NOT NULL AND done_at IS NULL")
    op.create_index(
        "ix_message_dead", "message", ["kind", "dead_at"], sqlite_where=is_dead, postgresql_where=is_dead
    )
    op.create_index("ix_message_done_at", "message", ["done_at"])


def downgrade() -> None:
    op.drop_index("ix_message_done_at", "message")
    op.drop_index("ix_message_dead", "message")
