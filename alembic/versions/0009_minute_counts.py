"""Statistics that know nobody: counters per webinar and minute, and how long people stayed."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

import app.core.db
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    webinar = ("webinar.id",)
    op.create_table(
        "minute_count",
        sa.Column("webinar_id", sa.String(length=20), nullable=False),
        sa.Column("at", app.core.db.UtcTime(timezone=True), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["webinar_id"], webinar, name=op.f("fk_minute_count_webinar_id_webinar"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("webinar_id", "at", "what", name=op.f("pk_minute_count")),
    )
    op.create_table(
        "stay_count",
        sa.Column("webinar_id", sa.String(length=20), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["webinar_id"], webinar, name=op.f("fk_stay_count_webinar_id_webinar"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("webinar_id", "minutes", name=op.f("pk_stay_count")),
    )


def downgrade() -> None:
    op.drop_table("stay_count")
    op.drop_table("minute_count")
