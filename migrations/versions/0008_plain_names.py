"""Rename webhook events and columns of attempts; split the note of an order in two columns"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_CODES = ("not_active", "cancellation_requested", "over_limits")
_REASONS = (*_CODES, "no_panel", "panel_refused")
_EVENTS = ("placed", "paid", "cancelled", "expired", "fell_due", "held", "provisioned", "refused")
_NEW_EVENTS = tuple("needs_review" if event == "held" else event for event in _EVENTS)


def upgrade() -> None:
    _rename_table("notice", "webhook_event")
    with op.batch_alter_table("attempt") as batch:
        batch.alter_column("begun_at", new_column_name="started_at")
        batch.alter_column("on_wire_since", new_column_name="in_flight_since")
        batch.alter_column("saves", new_column_name="save_method")
    with op.batch_alter_table("refund_attempt") as batch:
        batch.alter_column("begun_at", new_column_name="started_at")
    _replace_event("held", "needs_review", _NEW_EVENTS)
    _rename_message("letter", "email")
    _split_note()


def downgrade() -> None:
    _join_note()
    _rename_message("email", "letter")
    _replace_event("needs_review", "held", _EVENTS)
    with op.batch_alter_table("refund_attempt") as batch:
        batch.alter_column("started_at", new_column_name="begun_at")
    with op.batch_alter_table("attempt") as batch:
        batch.alter_column("save_method", new_column_name="saves")
        batch.alter_column("in_flight_since", new_column_name="on_wire_since")
        batch.alter_column("started_at", new_column_name="begun_at")
    _rename_table("webhook_event", "notice")


def _rename_table(old: str, new: str) -> None:
    """Create the table under its new name and copy its rows: SQLite keeps the old name in its constraints."""
    columns = ("id", "provider", "kind", "attempt_key", "provider_ref")
    op.create_table(
        new,
        *(sa.Column(name, sa.String(), nullable=False) for name in columns),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{new}")),
    )
    op.execute(f"INSERT INTO {new} SELECT id, provider, kind, attempt_key, provider_ref, received_at FROM {old}")
    op.drop_table(old)


def _replace_event(old: str, new: str, events: tuple[str, ...]) -> None:
    check = op.f("ck_order_step_orderevent")
    with op.batch_alter_table("order_step") as batch:
        batch.drop_constraint(check, type_="check")
    op.execute(sa.text("UPDATE order_step SET event = :new WHERE event = :old").bindparams(new=new, old=old))
    with op.batch_alter_table("order_step") as batch:
        batch.create_check_constraint(check, sa.column("event").in_(events))


def _rename_message(old: str, new: str) -> None:
    """Rename a kind of queued message, and the key of its ``ids`` that names the e-mail."""
    message = sa.table("message", sa.column("id"), sa.column("kind"), sa.column("ids", sa.JSON()))
    connection = op.get_bind()
    for row in connection.execute(sa.select(message).where(message.c.kind == old)).all():
        ids = {new if name == old else name: _renamed(value, old) for name, value in row.ids.items()}
        connection.execute(sa.update(message).where(message.c.id == row.id).values(kind=new, ids=ids))


def _renamed(value: object, old: str) -> object:
    names = {"held": "needs_review"} if old == "letter" else {"needs_review": "held"}
    return names.get(value, value) if isinstance(value, str) else value


def _split_note() -> None:
    reason = sa.Enum(*_REASONS, name="reviewreason", native_enum=False, create_constraint=True, length=40)
    with op.batch_alter_table("order") as batch:
        batch.add_column(sa.Column("review_reason", reason, nullable=True))
        batch.add_column(sa.Column("staff_note", sa.String(), server_default="", nullable=False))
    order = sa.table("order", sa.column("note"), sa.column("status"), sa.column("review_reason"), sa.column("staff_note"))
    is_refused = order.c.status == "refused"
    code = sa.case(
        (order.c.note.in_(_CODES), order.c.note), (order.c.note == "manual", "no_panel"), else_="panel_refused"
    )
    op.execute(sa.update(order).where(is_refused).values(staff_note=order.c.note))
    op.execute(sa.update(order).where(~is_refused, order.c.note != "").values(review_reason=code))
    with op.batch_alter_table("order") as batch:
        batch.drop_column("note")
        batch.alter_column("staff_note", server_default=None)


def _join_note() -> None:
    with op.batch_alter_table("order") as batch:
        batch.add_column(sa.Column("note", sa.String(), server_default="", nullable=False))
    order = sa.table("order", sa.column("note"), sa.column("review_reason"), sa.column("staff_note"))
    code = sa.func.coalesce(sa.func.replace(order.c.review_reason, "no_panel", "manual"), "")
    op.execute(sa.update(order).values(note=sa.case((order.c.staff_note != "", order.c.staff_note), else_=code)))
    with op.batch_alter_table("order") as batch:
        batch.alter_column("note", server_default=None)
        batch.drop_column("staff_note")
        batch.drop_constraint(op.f("ck_order_reviewreason"), type_="check")
        batch.drop_column("review_reason")
