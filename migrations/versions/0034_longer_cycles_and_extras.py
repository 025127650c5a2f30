"""Add cycles of four to ten years, and the options and recurring discount of a service"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_CYCLES = (
    "free", "one_time", "monthly", "quarterly", "semiannually", "annually", "biennially", "triennially",
)
_LONGER = (
    "four_years", "five_years", "six_years", "seven_years", "eight_years", "nine_years", "ten_years",
)
_CHECKED = (
    ("service", "cycle", "ck_service_billingcycle"),
    ("price", "cycle", "ck_price_billingcycle"),
    ("terms_change", "cycle", "ck_terms_change_billingcycle"),
    ("order", "from_cycle", "ck_order_from_cycle"),
    ("order", "to_cycle", "ck_order_to_cycle"),
)
_EXTRAS = ("options", "discount")


def upgrade() -> None:
    _permit((*_CYCLES, *_LONGER))
    for name in _EXTRAS:
        op.add_column("service", sa.Column(f"{name}_cents", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    for name in _EXTRAS:
        op.drop_column("service", f"{name}_cents")
    _permit(_CYCLES)


def _permit(cycles: tuple[str, ...]) -> None:
    for table, column, name in _CHECKED:
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(name), type_="check")
            batch.create_check_constraint(op.f(name), sa.column(column).in_(cycles))
