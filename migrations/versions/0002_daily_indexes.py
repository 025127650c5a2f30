"""Add indexes for the daily run: services by due date, invoices and orders by status"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_service_next_due_date", "service", ["next_due_date", "id"])
    op.create_index("ix_invoice_standing", "invoice", ["kind", "status", "due_on"])
    op.create_index("ix_order_status", "order", ["status"])


def downgrade() -> None:
    op.drop_index("ix_order_status", "order")
    op.drop_index("ix_invoice_standing", "invoice")
    op.drop_index("ix_service_next_due_date", "service")
