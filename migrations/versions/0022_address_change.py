"""Add the changes of clients' e-mail addresses, and client.file_email"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "address_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("old_email", sa.String(length=254), nullable=False),
        sa.Column("new_email", sa.String(length=254), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_address_change_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_change")),
    )
    op.create_index(op.f("ix_address_change_client_id"), "address_change", ["client_id"])
    op.create_index(op.f("ix_address_change_requested_at"), "address_change", ["requested_at"])
    op.add_column("client", sa.Column("file_email", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("client", "file_email")
    op.drop_table("address_change")
