"""Add the columns by which staff search, the last sign-in, and to whom each e-mail was sent and when"""

import sqlalchemy as sa
from alembic import op

from kajoom.models.search_columns import folded_text, search_columns

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_COLUMNS = {
    "client": ("search_name", "search_last_name", "search_company", "search_email"),
    "service": ("search_label",),
}
_SOURCES = {"client": ("name", "company", "email"), "service": ("label",)}
_BATCH = 1000


def upgrade() -> None:
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.add_column(table, sa.Column(column, folded_text(), nullable=False, server_default=""))
        _fill(table)
        for column in columns:
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    op.add_column("client", sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("message", sa.Column("client_id", sa.Integer(), nullable=True))
    op.add_column("message", sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True))
    is_to_client = sa.text("client_id IS NOT NULL")
    op.create_index(
        "ix_message_client", "message", ["client_id", "id"], sqlite_where=is_to_client, postgresql_where=is_to_client
    )


def _fill(name: str) -> None:
    """Write the new columns of every row, a batch at a time."""
    connection, names = op.get_bind(), ("id", *_SOURCES[name], *_COLUMNS[name])
    table = sa.table(name, *(sa.column(each) for each in names))
    values = {each: sa.bindparam(f"new_{each}") for each in _COLUMNS[name]}
    statement = sa.update(table).where(table.c.id == sa.bindparam("row_id")).values(values)
    last = 0
    while rows := _batch(connection, table, name, last):
        last = rows[-1]["id"]
        connection.execute(statement, [{"row_id": row["id"], **_new(name, row)} for row in rows])


def _batch(connection, table, name, last):
    columns = [table.c[each] for each in ("id", *_SOURCES[name])]
    query = sa.select(*columns).where(table.c.id > last).order_by(table.c.id).limit(_BATCH)
    return connection.execute(query).mappings().all()


def _new(name, row):
    return {f"new_{column}": text for column, text in search_columns(name, row).items()}


def downgrade() -> None:
    op.drop_index("ix_message_client", "message")
    op.drop_column("message", "sent_at")
    op.drop_column("message", "client_id")
    op.drop_column("client", "signed_in_at")
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.drop_index(op.f(f"ix_{table}_{column}"), table)
            op.drop_column(table, column)
