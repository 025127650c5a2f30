"""Add the indexes of what reconciliation, webhooks and the lists of staff look for"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_PARTIAL = {
    "ix_cancellation_open": ("cancellation", "effective_on", "status = 'open'"),
    "ix_attempt_open": ("attempt", "provider", "status IN ('pending', 'sending', 'unknown')"),
    "ix_client_staff": ("client", "email", "role != ''"),
    "ix_difference_unresolved": ("difference", "day", "resolved_at IS NULL"),
    "ix_webhook_event_for_staff": (
        "webhook_event",
        "received_at",
        "kind LIKE 'PAYMENT.CAPTURE.REFUNDED%' OR kind LIKE 'PAYMENT.CAPTURE.REVERSED%'"
        " OR kind LIKE 'CUSTOMER.DISPUTE.%'",
    ),
}
_WHOLE = {
    "ix_attempt_provider_ref": ("attempt", "provider_ref"),
    "ix_panel_callback_received_at": ("panel_callback", "received_at"),
    "ix_payment_received_at": ("payment", "received_at"),
    "ix_terms_change_client_id": ("terms_change", "client_id"),
    "ix_webhook_event_received_at": ("webhook_event", "received_at"),
}


def upgrade() -> None:
    for name, (table, column) in _WHOLE.items():
        op.create_index(name, table, [column])
    for name, (table, column, condition) in _PARTIAL.items():
        where = sa.text(condition)
        op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name, (table, *_) in {**_PARTIAL, **_WHOLE}.items():
        op.drop_index(name, table)
