"""Add the indexes by which dead messages are counted, old ones deleted and their tasks found"""

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
    is_done = sa.text("done_at IS NOT NULL")
    op.create_index("ix_message_done_at", "message", ["done_at"], sqlite_where=is_done, postgresql_where=is_done)
    op.create_index(op.f("ix_task_message_id"), "task", ["message_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_task_message_id"), "task")
    op.drop_index("ix_message_done_at", "message")
    op.drop_index("ix_message_dead", "message")
