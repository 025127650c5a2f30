"""Index the invoices of a service by kind, status and due date"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_invoice_of_service", "invoice", ["service_id", "kind", "status", "due_on"])
    op.drop_index("ix_invoice_service_id", "invoice")


def downgrade() -> None:
    op.create_index("ix_invoice_service_id", "invoice", ["service_id"])
    op.drop_index("ix_invoice_of_service", "invoice")
