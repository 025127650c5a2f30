"""Add the suspension of a service, the day announced for it, what panels answered, and the policy for unpaid renewals"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_KINDS = ("change", "end", "unsuspend", "stuck")
_MORE_KINDS = (*_KINDS, "suspend", "unpaid")
_KIND = "ck_task_taskkind"
# Staff were asked to lift these suspensions, which is now recorded when they have.
_LIFTING = """
    UPDATE service SET suspension = 'lifting', suspension_no = 1
    WHERE status = 'suspended'
      AND id IN (SELECT service_id FROM task WHERE kind = 'unsuspend' AND closed_at IS NULL)
"""


def upgrade() -> None:
    step = sa.Enum(
        "suspending", "lifting", name="suspensionstep", native_enum=False, create_constraint=True, length=40
    )
    instant = sa.DateTime(timezone=True)
    with op.batch_alter_table("service") as batch:
        batch.add_column(sa.Column("suspension", step, nullable=True))
        batch.add_column(sa.Column("suspension_no", sa.Integer(), server_default="0", nullable=False))
        batch.add_column(sa.Column("suspension_reason", sa.String(), server_default="", nullable=False))
        batch.add_column(sa.Column("suspension_changed_at", instant, nullable=True))
        batch.add_column(sa.Column("lifts_when_paid", sa.Boolean(), server_default=sa.true(), nullable=False))
        batch.add_column(sa.Column("removed_at", instant, nullable=True))
    op.execute(_LIFTING)
    with op.batch_alter_table("task") as batch:
        batch.add_column(sa.Column("detail", sa.String(), server_default="", nullable=False))
        batch.drop_constraint(op.f(_KIND), type_="check")
        batch.create_check_constraint(op.f(_KIND), sa.column("kind").in_(_MORE_KINDS))
    op.add_column("invoice", sa.Column("suspends_on", sa.Date(), nullable=True))
    op.add_column("catalog_version", sa.Column("billing", sa.JSON(), server_default="{}", nullable=False))


def downgrade() -> None:
    op.drop_column("catalog_version", "billing")
    op.drop_column("invoice", "suspends_on")
    task = sa.table("task", sa.column("kind"))
    op.execute(sa.delete(task).where(task.c.kind.in_(_MORE_KINDS[len(_KINDS) :])))
    with op.batch_alter_table("task") as batch:
        batch.drop_constraint(op.f(_KIND), type_="check")
        batch.create_check_constraint(op.f(_KIND), sa.column("kind").in_(_KINDS))
        batch.drop_column("detail")
    with op.batch_alter_table("service") as batch:
        batch.drop_constraint(op.f("ck_service_suspensionstep"), type_="check")
        for column in (
            "removed_at", "lifts_when_paid", "suspension_changed_at", "suspension_reason", "suspension_no", "suspension",
        ):  # fmt: skip
            batch.drop_column(column)
