"""questions"""

from __future__ import annotations

import sqlalchemy as sa

import app.core.db
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "question",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("webinar_id", sa.String(length=20), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(length=20), nullable=False),
        sa.Column("ref", sa.String(length=40), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.Column("anonymous", sa.String(length=10), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("original", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("seen", sa.Boolean(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("edited", sa.Boolean(), nullable=False),
        sa.Column("answered_by", sa.String(length=5), nullable=False),
        sa.Column("private_answer", sa.Boolean(), nullable=False),
        sa.Column("follow_up", sa.Boolean(), nullable=False),
        sa.Column("on_screen", sa.Boolean(), nullable=False),
        sa.Column("shown_at", app.core.db.UtcTime(timezone=True), nullable=True),
        sa.Column("starred", sa.Boolean(), nullable=False),
        sa.Column("label", sa.String(length=40), nullable=False),
        sa.Column("place", sa.Float(), nullable=True),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("votes", sa.Integer(), nullable=False),
        sa.Column("merged_into", sa.String(length=20), nullable=True),
        sa.Column("message_id", sa.String(length=20), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.String(length=20), nullable=False),
        sa.Column("by_name", sa.LargeBinary(), nullable=False),
        sa.Column("claim_id", sa.String(length=20), nullable=False),
        sa.Column("claim_name", sa.LargeBinary(), nullable=False),
        sa.Column("claim_until", app.core.db.UtcTime(timezone=True), nullable=True),
        sa.Column("at", app.core.db.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_question_webinar_id_webinar"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question")),
        sa.UniqueConstraint("webinar_id", "number", name=op.f("uq_question_webinar_id_number")),
        sa.UniqueConstraint("webinar_id", "person", "ref", name=op.f("uq_question_webinar_id_person_ref")),
    )
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_question_merged_into"), ["merged_into"], unique=False)
        batch_op.create_index("ix_question_webinar_seq", ["webinar_id", "seq"], unique=False)

    op.create_table(
        "room_due",
        sa.Column("webinar_id", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("thing", sa.String(length=20), nullable=False),
        sa.Column("at", app.core.db.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_room_due_webinar_id_webinar"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("webinar_id", "kind", "thing", name=op.f("pk_room_due")),
    )
    with op.batch_alter_table("room_due", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_room_due_at"), ["at"], unique=False)

    op.create_table(
        "question_vote",
        sa.Column("question_id", sa.String(length=20), nullable=False),
        sa.Column("person", sa.String(length=20), nullable=False),
        sa.Column("webinar_id", sa.String(length=20), nullable=False),
        sa.Column("on", sa.Boolean(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["question_id"], ["question.id"], name=op.f("fk_question_vote_question_id_question"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["webinar_id"], ["webinar.id"], name=op.f("fk_question_vote_webinar_id_webinar"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("question_id", "person", name=op.f("pk_question_vote")),
    )
    with op.batch_alter_table("question_vote", schema=None) as batch_op:
        batch_op.create_index("ix_question_vote_webinar_person", ["webinar_id", "person"], unique=False)

    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("question_id", sa.String(length=20), nullable=True))

    with op.batch_alter_table("webinar", schema=None) as batch_op:
        batch_op.add_column(sa.Column("modes", sa.JSON(), server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("words", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("in_step", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("webinar", schema=None) as batch_op:
        batch_op.drop_column("in_step")
        batch_op.drop_column("words")
        batch_op.drop_column("modes")

    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_column("question_id")

    with op.batch_alter_table("question_vote", schema=None) as batch_op:
        batch_op.drop_index("ix_question_vote_webinar_person")

    op.drop_table("question_vote")
    with op.batch_alter_table("room_due", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_room_due_at"))

    op.drop_table("room_due")
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.drop_index("ix_question_webinar_seq")
        batch_op.drop_index(batch_op.f("ix_question_merged_into"))

    op.drop_table("question")
