"""Uploaded videos, and webinars that play one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import app.core.db

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.create_table(
        "video",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("webinar_id", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(length=30), nullable=False),
        sa.Column("recording_id", sa.String(length=20), nullable=True),
        sa.Column("beat_at", app.core.db.UtcTime(timezone=True), nullable=False),
        sa.Column("made_at", app.core.db.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_video_webinar_id_webinar"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_video")),
    )
    op.create_index(op.f("ix_video_webinar_id"), "video", ["webinar_id"])
    with op.batch_alter_table("recording") as batch:
        batch.add_column(sa.Column("title", sa.String(length=120), server_default="", nullable=False))
    with op.batch_alter_table("webinar") as batch:
        batch.add_column(sa.Column("source", sa.String(length=10), server_default="live", nullable=False))
        batch.add_column(sa.Column("video", sa.String(length=20), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("webinar") as batch:
        batch.drop_column("video")
        batch.drop_column("source")
    with op.batch_alter_table("recording") as batch:
        batch.drop_column("title")
    op.drop_index(op.f("ix_video_webinar_id"), table_name="video")
    op.drop_table("video")
