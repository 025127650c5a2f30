"""Add credit notes, the day an invoice was voided, and the numbering of invoices"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_REASONS = ("granted", "corrected", "applied", "given_back", "late_payment", "overpaid", "change_refused",
            "refunded", "refund_refused")
_MORE_REASONS = (*_REASONS[:7], "credit_note", *_REASONS[7:])
_NOTE_REASONS = ("change_refused", "renewal_replaced", "service_ended", "days_not_served", "corrected")
_PERIOD = "uq_invoice_renewal_period"
_IS_BILLED = "kind = 'renewal' AND status != 'void'"


def upgrade() -> None:
    _create_credit_notes()
    op.add_column("invoice", sa.Column("voided_on", sa.Date(), nullable=True))
    op.add_column("invoice", sa.Column("replaced_on", sa.Date(), nullable=True))
    _index_periods(f"{_IS_BILLED} AND replaced_on IS NULL")
    _set_voided_on()
    with op.batch_alter_table("credit_entry") as batch:
        batch.add_column(sa.Column("credit_note_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(op.f("fk_credit_entry_credit_note_id"), "credit_note", ["credit_note_id"], ["id"])
        batch.drop_constraint(op.f("ck_credit_entry_creditreason"), type_="check")
        batch.create_check_constraint(op.f("ck_credit_entry_creditreason"), sa.column("reason").in_(_MORE_REASONS))
    op.create_index(op.f("ix_credit_entry_invoice_id"), "credit_entry", ["invoice_id"])
    op.add_column(
        "catalog_version",
        sa.Column("numbering", sa.JSON(none_as_null=True), server_default="{}", nullable=False),
    )


def downgrade() -> None:
    op.drop_column("catalog_version", "numbering")
    op.drop_index(op.f("ix_credit_entry_invoice_id"), "credit_entry")
    op.execute("DELETE FROM credit_entry WHERE reason = 'credit_note'")
    with op.batch_alter_table("credit_entry") as batch:
        batch.drop_constraint(op.f("ck_credit_entry_creditreason"), type_="check")
        batch.create_check_constraint(op.f("ck_credit_entry_creditreason"), sa.column("reason").in_(_REASONS))
        batch.drop_constraint(op.f("fk_credit_entry_credit_note_id"), type_="foreignkey")
        batch.drop_column("credit_note_id")
    op.execute("UPDATE invoice SET status = 'void' WHERE replaced_on IS NOT NULL")
    _index_periods(_IS_BILLED)
    op.drop_column("invoice", "replaced_on")
    op.drop_column("invoice", "voided_on")
    op.drop_table("credit_note")


def _create_credit_notes() -> None:
    op.create_table(
        "credit_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(*_NOTE_REASONS, name="creditnotereason", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("subtotal_cents", sa.Integer(), nullable=False),
        sa.Column("total_cents", sa.Integer(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        *(sa.Column(name, sa.JSON(none_as_null=True), nullable=False) for name in ("lines", "taxes", "seller", "buyer")),
        sa.CheckConstraint("subtotal_cents < 0", name=op.f("ck_credit_note_subtotal")),
        sa.CheckConstraint("total_cents <= subtotal_cents", name=op.f("ck_credit_note_total")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_credit_note_client_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_credit_note_invoice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_note")),
        sa.UniqueConstraint("number", name=op.f("uq_credit_note_number")),
        sa.UniqueConstraint("key", name=op.f("uq_credit_note_key")),
    )
    for column in ("client_id", "invoice_id", "issued_on"):
        op.create_index(op.f(f"ix_credit_note_{column}"), "credit_note", [column])


def _index_periods(condition: str) -> None:
    """Renewals whose period cannot be invoiced again."""
    op.drop_index(_PERIOD, "invoice")
    where = sa.text(condition)
    columns = ["service_id", "period_start"]
    op.create_index(_PERIOD, "invoice", columns, unique=True, sqlite_where=where, postgresql_where=where)


def _set_voided_on() -> None:
    """When a void invoice was voided: when its money was given back, when its order ended, or else its day of issue."""
    invoice = sa.table(
        "invoice", sa.column("id"), sa.column("order_id"), sa.column("status"), sa.column("issued_on"),
        sa.column("voided_on"),
    )
    entry = sa.table("credit_entry", sa.column("invoice_id"), sa.column("reason"), sa.column("at"))
    step = sa.table("order_step", sa.column("order_id"), sa.column("event"), sa.column("at"))
    given_back = sa.select(_day(sa.func.max(entry.c.at))).where(
        entry.c.invoice_id == invoice.c.id, entry.c.reason == "given_back"
    )
    ended = sa.select(_day(sa.func.max(step.c.at))).where(
        step.c.order_id == invoice.c.order_id, step.c.event.in_(("cancelled", "expired"))
    )
    when = sa.func.coalesce(given_back.scalar_subquery(), ended.scalar_subquery(), invoice.c.issued_on)
    op.execute(sa.update(invoice).where(invoice.c.status == "void").values(voided_on=when))


def _day(at: sa.ColumnElement) -> sa.ColumnElement:
    """The day of an instant in UTC."""
    return sa.func.date(at)
