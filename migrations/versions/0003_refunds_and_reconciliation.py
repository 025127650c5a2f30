"""Add refunds, differences with a provider, offline payment methods and reasons of credit entries"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_REASONS = ("granted", "applied", "given_back", "late_payment", "change_refused")
_MORE_REASONS = ("granted", "corrected", "applied", "given_back", "late_payment", "overpaid", "change_refused",
                 "refunded", "refund_refused")


def upgrade() -> None:
    with op.batch_alter_table("catalog_version") as batch:
        batch.add_column(sa.Column("offline", sa.JSON(none_as_null=True), server_default="{}", nullable=False))
    with op.batch_alter_table("credit_entry") as batch:
        batch.add_column(sa.Column("note", sa.String(), server_default="", nullable=False))
        batch.drop_constraint(op.f("ck_credit_entry_creditreason"), type_="check")
        batch.create_check_constraint(op.f("ck_credit_entry_creditreason"), sa.column("reason").in_(_MORE_REASONS))

    op.create_table(
        "refund_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "sending",
                "pending",
                "unknown",
                "done",
                "refused",
                name="refundstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("provider_ref", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("cents > 0", name=op.f("ck_refund_attempt_cents")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_refund_attempt_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_attempt")),
        sa.UniqueConstraint("key", name=op.f("uq_refund_attempt_key")),
    )
    op.create_index(op.f("ix_refund_attempt_payment_id"), "refund_attempt", ["payment_id"])
    is_open = sa.text("status IN ('pending', 'sending', 'unknown')")
    op.create_index(
        "uq_refund_attempt_open",
        "refund_attempt",
        ["payment_id"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )

    op.create_table(
        "difference",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "not_in_ledger",
                "not_at_provider",
                "other_amount",
                name="differencekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("invoice", sa.String(), nullable=False),
        sa.Column("taken_cents", sa.Integer(), nullable=True),
        sa.Column("recorded_cents", sa.Integer(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_difference")),
        sa.UniqueConstraint("provider", "day", "reference", name=op.f("uq_difference_provider_day_reference")),
    )


def downgrade() -> None:
    op.drop_table("difference")
    op.drop_table("refund_attempt")
    with op.batch_alter_table("credit_entry") as batch:
        batch.drop_constraint(op.f("ck_credit_entry_creditreason"), type_="check")
        batch.create_check_constraint(op.f("ck_credit_entry_creditreason"), sa.column("reason").in_(_REASONS))
        batch.drop_column("note")
    with op.batch_alter_table("catalog_version") as batch:
        batch.drop_column("offline")
