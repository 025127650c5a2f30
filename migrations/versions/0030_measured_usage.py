"""Add what the panel measured of each service and two reasons for a review, and revive changes that were given up"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_CHECK = "ck_order_reviewreason"
_REASONS = ("not_active", "cancellation_requested", "over_limits", "no_panel", "panel_refused")
_MORE_REASONS = (*_REASONS, "account_missing", "package_changed")


def upgrade() -> None:
    op.add_column("service", sa.Column("measured_usage", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("service", sa.Column("measured_at", sa.DateTime(timezone=True), nullable=True))
    _allow(_MORE_REASONS)
    op.execute("UPDATE message SET dead_at = NULL WHERE kind = 'provision' AND done_at IS NULL AND dead_at IS NOT NULL")


def downgrade() -> None:
    reasons = ", ".join(f"'{reason}'" for reason in _MORE_REASONS[len(_REASONS) :])
    op.execute(f"""UPDATE "order" SET review_reason = 'panel_refused' WHERE review_reason IN ({reasons})""")
    _allow(_REASONS)
    op.drop_column("service", "measured_at")
    op.drop_column("service", "measured_usage")


def _allow(reasons):
    with op.batch_alter_table("order") as batch:
        batch.drop_constraint(op.f(_CHECK), type_="check")
        batch.create_check_constraint(op.f(_CHECK), sa.column("review_reason").in_(reasons))
