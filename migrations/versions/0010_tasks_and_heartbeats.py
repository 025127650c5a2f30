"""Add tasks for staff, heartbeats of workers, the staff's addresses, and since when a message is due and fails"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_KINDS = ("change", "end", "unsuspend", "stuck")


def _instant(name: str, *, nullable: bool) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    with op.batch_alter_table("message") as batch:
        batch.add_column(_instant("due_at", nullable=True))
        batch.add_column(_instant("failing_since", nullable=True))
        batch.add_column(sa.Column("discarded_by", sa.String(), server_default="", nullable=False))
        batch.add_column(sa.Column("discard_note", sa.String(), server_default="", nullable=False))
    message = sa.table("message", sa.column("due_at"), sa.column("run_at"))
    op.execute(sa.update(message).values(due_at=message.c.run_at))
    with op.batch_alter_table("message") as batch:
        batch.alter_column("due_at", existing_type=sa.DateTime(timezone=True), nullable=False)
    with op.batch_alter_table("catalog_version") as batch:
        batch.add_column(sa.Column("staff", sa.JSON(), server_default="{}", nullable=False))
    op.create_table(
        "heartbeat",
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        _instant("started_at", nullable=False),
        _instant("seen_at", nullable=False),
        sa.PrimaryKeyConstraint("worker", name=op.f("pk_heartbeat")),
    )
    _create_tasks()


def _create_tasks() -> None:
    kind = sa.Enum(*_KINDS, name="taskkind", native_enum=False, create_constraint=True, length=40)
    op.create_table(
        "task",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", kind, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("cancellation_id", sa.Integer(), nullable=True),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        _instant("opened_at", nullable=False),
        sa.Column("claimed_by", sa.String(), nullable=False),
        _instant("claimed_at", nullable=True),
        sa.Column("closed_by", sa.String(), nullable=False),
        _instant("closed_at", nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_task_service_id")),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_task_order_id")),
        sa.ForeignKeyConstraint(["cancellation_id"], ["cancellation.id"], name=op.f("fk_task_cancellation_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_task_message_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("key", name=op.f("uq_task_key")),
    )
    op.create_index(op.f("ix_task_service_id"), "task", ["service_id"])
    op.create_index(op.f("ix_task_order_id"), "task", ["order_id"])
    is_open = sa.text("closed_at IS NULL")
    op.create_index("ix_task_open", "task", ["opened_at"], sqlite_where=is_open, postgresql_where=is_open)
    _open_tasks_of_orders()


def _open_tasks_of_orders() -> None:
    """Open a task for each change that waits for a person already."""
    op.execute(
        """
        INSERT INTO task (kind, key, service_id, order_id, reason, opened_at, claimed_by, closed_by, note)
        SELECT 'change', 'change-' || reference, service_id, id, coalesce(review_reason, 'planned'), placed_at,
               '', '', ''
        FROM "order" WHERE status = 'awaiting_provisioning' AND needs_person
        """
    )


def downgrade() -> None:
    op.drop_table("task")
    op.drop_table("heartbeat")
    with op.batch_alter_table("catalog_version") as batch:
        batch.drop_column("staff")
    with op.batch_alter_table("message") as batch:
        for column in ("discard_note", "discarded_by", "failing_since", "due_at"):
            batch.drop_column(column)
