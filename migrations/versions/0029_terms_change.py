"""Add the terms that staff give services, from when and why"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_STATUSES = ("planned", "in_force", "replaced")
_CYCLES = (
    "free", "one_time", "monthly", "quarterly", "semiannually", "annually", "biennially", "triennially",
)


def upgrade() -> None:
    status = sa.Enum(*_STATUSES, name="termsstatus", native_enum=False, create_constraint=True, length=40)
    cycle = sa.Enum(*_CYCLES, name="billingcycle", native_enum=False, create_constraint=True, length=40)
    op.create_table(
        "terms_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("status", status, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("cycle", cycle, nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("from_plan_id", sa.Integer(), nullable=False),
        sa.Column("to_plan_id", sa.Integer(), nullable=False),
        sa.Column("from_cents", sa.Integer(), nullable=False),
        sa.Column("to_cents", sa.Integer(), nullable=False),
        sa.Column("from_quantity", sa.Integer(), nullable=False),
        sa.Column("to_quantity", sa.Integer(), nullable=False),
        sa.Column("due_before", sa.Date(), nullable=True),
        sa.Column("due_after", sa.Date(), nullable=True),
        sa.Column("renewal_cents", sa.Integer(), nullable=True),
        sa.Column("voided_renewal", sa.String(), nullable=False),
        sa.CheckConstraint("from_cents >= 0 AND to_cents >= 0", name=op.f("ck_terms_change_cents")),
        sa.CheckConstraint("from_quantity >= 1 AND to_quantity >= 1", name=op.f("ck_terms_change_quantity")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_terms_change_service_id")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_terms_change_client_id")),
        sa.ForeignKeyConstraint(["from_plan_id"], ["plan.id"], name=op.f("fk_terms_change_from_plan_id")),
        sa.ForeignKeyConstraint(["to_plan_id"], ["plan.id"], name=op.f("fk_terms_change_to_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terms_change")),
    )
    op.create_index(op.f("ix_terms_change_service_id"), "terms_change", ["service_id"])


def downgrade() -> None:
    op.drop_table("terms_change")
