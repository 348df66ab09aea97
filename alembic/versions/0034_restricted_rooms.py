"""Rooms know whether anybody was ever muted or banned in them."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from alembic import op

revision: str = "0034"
down_revision: str | None = "0033"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("webinar") as batch:
        batch.add_column(sa.Column("restricted", sa.Boolean(), server_default=sa.false(), nullable=False))
    webinar = sa.table("webinar", sa.column("id", sa.String), sa.column("restricted", sa.Boolean))
    restriction = sa.table("restriction", sa.column("webinar_id", sa.String))
    op.execute(webinar.update().where(webinar.c.id.in_(sa.select(restriction.c.webinar_id))).values(restricted=True))


def downgrade() -> None:
    with op.batch_alter_table("webinar") as batch:
        batch.drop_column("restricted")
