"""Turn each plan's sentences of features into features with a key; the host's next catalogue gives them values"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_PLAN = sa.table("plan", sa.column("id", sa.Integer), sa.column("features", sa.JSON))


def upgrade() -> None:
    _replace(lambda sentence: {"key": sentence["en"], "name": sentence, "value": None})


def downgrade() -> None:
    _replace(_sentence)


def _sentence(feature: dict[str, Any]) -> dict[str, str]:
    value = feature["value"] or {}
    return {language: f"{name} {value.get(language, '')}".strip() for language, name in feature["name"].items()}


def _replace(convert: Any) -> None:
    connection = op.get_bind()
    for plan, features in connection.execute(sa.select(_PLAN.c.id, _PLAN.c.features)).all():
        if features:
            new = [convert(feature) for feature in features]
            connection.execute(_PLAN.update().where(_PLAN.c.id == plan).values(features=new))
