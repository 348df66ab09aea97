"""How many pictures the audience sees, and how."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from alembic import op

revision: str = "0027"
down_revision: str | None = "0026"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("stage") as batch:
        batch.add_column(sa.Column("layout", sa.String(length=8), server_default="single", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("stage") as batch:
        batch.drop_column("layout")
