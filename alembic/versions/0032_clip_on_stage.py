"""A video that is played to the audience between what the people on stage say."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from alembic import op
from app.core.db import UtcTime

revision: str = "0032"
down_revision: str | None = "0031"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COLUMNS = ("clip", "clip_at", "clip_until")


def upgrade() -> None:
    with op.batch_alter_table("stage") as batch:
        batch.add_column(sa.Column("clip", sa.String(20), nullable=True))
        batch.add_column(sa.Column("clip_at", UtcTime(), nullable=True))
        batch.add_column(sa.Column("clip_until", UtcTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("stage") as batch:
        for name in COLUMNS:
            batch.drop_column(name)
