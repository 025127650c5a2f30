"""Replace the roles of staff by a column of the client: those who had the role are managers"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("client", sa.Column("role", sa.String(length=10), server_default="", nullable=False))
    op.execute("UPDATE client SET role = 'manager' WHERE id IN (SELECT client_id FROM client_role)")
    op.drop_table("client_role")
    op.drop_table("role")


def downgrade() -> None:
    op.create_table(
        "role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role")),
        sa.UniqueConstraint("name", name=op.f("uq_role_name")),
    )
    op.create_table(
        "client_role",
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_client_role_client_id")),
        sa.ForeignKeyConstraint(["role_id"], ["role.id"], name=op.f("fk_client_role_role_id")),
        sa.PrimaryKeyConstraint("client_id", "role_id", name=op.f("pk_client_role")),
    )
    op.execute("INSERT INTO role (name) VALUES ('staff')")
    op.execute("INSERT INTO client_role (client_id, role_id) SELECT c.id, r.id FROM client c, role r WHERE c.role <> ''")
    op.drop_column("client", "role")
