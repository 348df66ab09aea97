"""polls"""

from __future__ import annotations

import sqlalchemy as sa

import app.core.db
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "poll",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("webinar_id", sa.String(length=20), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("results", sa.String(length=8), nullable=False),
        sa.Column("place", sa.String(length=8), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("opens_at", app.core.db.UtcTime(timezone=True), nullable=True),
        sa.Column("opened_at", app.core.db.UtcTime(timezone=True), nullable=True),
        sa.Column("closes_at", app.core.db.UtcTime(timezone=True), nullable=True),
        sa.Column("closed_at", app.core.db.UtcTime(timezone=True), nullable=True),
        sa.Column("seen", sa.Boolean(), nullable=False),
        sa.Column("voters", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.String(length=20), nullable=False),
        sa.Column("by_name", sa.LargeBinary(), nullable=False),
        sa.Column("copied_from", sa.String(length=20), nullable=True),
        sa.Column("made_at", app.core.db.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_poll_webinar_id_webinar"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_poll")),
        sa.UniqueConstraint("webinar_id", "number", name=op.f("uq_poll_webinar_id_number")),
    )
    with op.batch_alter_table("poll", schema=None) as batch_op:
        batch_op.create_index("ix_poll_webinar_seq", ["webinar_id", "seq"], unique=False)

    op.create_table(
        "ballot",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("webinar_id", sa.String(length=20), nullable=False),
        sa.Column("poll_id", sa.String(length=20), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(length=20), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("answers", sa.LargeBinary(), nullable=False),
        sa.Column("ref", sa.String(length=40), nullable=False),
        sa.Column("at", app.core.db.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["poll_id"], ["poll.id"], name=op.f("fk_ballot_poll_id_poll"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_ballot_webinar_id_webinar"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ballot")),
        sa.UniqueConstraint("poll_id", "person", name=op.f("uq_ballot_poll_id_person")),
    )
    with op.batch_alter_table("ballot", schema=None) as batch_op:
        batch_op.create_index("ix_ballot_webinar_person", ["webinar_id", "person"], unique=False)

    op.create_table(
        "poll_count",
        sa.Column("poll_id", sa.String(length=20), nullable=False),
        sa.Column("item", sa.String(length=20), nullable=False),
        sa.Column("choice", sa.String(length=20), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["poll_id"], ["poll.id"], name=op.f("fk_poll_count_poll_id_poll"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("poll_id", "item", "choice", name=op.f("pk_poll_count")),
    )
    op.create_table(
        "poll_text",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("webinar_id", sa.String(length=20), nullable=False),
        sa.Column("poll_id", sa.String(length=20), nullable=False),
        sa.Column("item", sa.String(length=20), nullable=False),
        sa.Column("person", sa.String(length=20), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["poll_id"], ["poll.id"], name=op.f("fk_poll_text_poll_id_poll"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_poll_text_webinar_id_webinar"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_poll_text")),
    )
    with op.batch_alter_table("poll_text", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_poll_text_poll_id"), ["poll_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("poll_text", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_poll_text_poll_id"))

    op.drop_table("poll_text")
    op.drop_table("poll_count")
    with op.batch_alter_table("ballot", schema=None) as batch_op:
        batch_op.drop_index("ix_ballot_webinar_person")

    op.drop_table("ballot")
    with op.batch_alter_table("poll", schema=None) as batch_op:
        batch_op.drop_index("ix_poll_webinar_seq")

    op.drop_table("poll")
