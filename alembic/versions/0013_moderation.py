"""moderation"""

from __future__ import annotations

import sqlalchemy as sa

import app.core.db
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "decision",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("webinar_id", sa.String(length=20), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=30), nullable=False),
        sa.Column("object", sa.String(length=40), nullable=False),
        sa.Column("person", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("by_id", sa.String(length=20), nullable=False),
        sa.Column("by_name", sa.LargeBinary(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("undone", sa.Boolean(), nullable=False),
        sa.Column("at", app.core.db.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_decision_webinar_id_webinar"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index("ix_decision_webinar_seq", ["webinar_id", "seq"], unique=False)

    op.create_table(
        "restriction",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("webinar_id", sa.String(length=20), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(length=20), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("muted", sa.Boolean(), nullable=False),
        sa.Column("muted_until", app.core.db.UtcTime(timezone=True), nullable=True),
        sa.Column("banned", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("by_id", sa.String(length=20), nullable=False),
        sa.Column("by_name", sa.LargeBinary(), nullable=False),
        sa.Column("at", app.core.db.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["webinar_id"], ["webinar.id"], name=op.f("fk_restriction_webinar_id_webinar"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restriction")),
        sa.UniqueConstraint("webinar_id", "person", name=op.f("uq_restriction_webinar_id_person")),
    )
    with op.batch_alter_table("restriction", schema=None) as batch_op:
        batch_op.create_index("ix_restriction_webinar_seq", ["webinar_id", "seq"], unique=False)

    op.create_table(
        "message_reaction",
        sa.Column("message_id", sa.String(length=20), nullable=False),
        sa.Column("person", sa.String(length=20), nullable=False),
        sa.Column("emoji", sa.String(length=8), nullable=False),
        sa.Column("webinar_id", sa.String(length=20), nullable=False),
        sa.Column("on", sa.Boolean(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_message_reaction_message_id_message"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["webinar_id"], ["webinar.id"], name=op.f("fk_message_reaction_webinar_id_webinar"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("message_id", "person", "emoji", name=op.f("pk_message_reaction")),
    )
    with op.batch_alter_table("message_reaction", schema=None) as batch_op:
        batch_op.create_index("ix_message_reaction_webinar_person", ["webinar_id", "person"], unique=False)

    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("partner", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("shown", sa.Boolean(), server_default=sa.true(), nullable=False))
        batch_op.add_column(sa.Column("held", sa.String(length=10), server_default="", nullable=False))
        batch_op.add_column(sa.Column("release_at", app.core.db.UtcTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("reason", sa.LargeBinary(), server_default=sa.text("('')"), nullable=False))
        batch_op.add_column(sa.Column("pinned", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("reactions", sa.JSON(), server_default="{}", nullable=False))
        batch_op.create_index(batch_op.f("ix_message_partner"), ["partner"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_message_partner"))
        batch_op.drop_column("reactions")
        batch_op.drop_column("pinned")
        batch_op.drop_column("reason")
        batch_op.drop_column("release_at")
        batch_op.drop_column("held")
        batch_op.drop_column("shown")
        batch_op.drop_column("partner")

    with op.batch_alter_table("message_reaction", schema=None) as batch_op:
        batch_op.drop_index("ix_message_reaction_webinar_person")

    op.drop_table("message_reaction")
    with op.batch_alter_table("restriction", schema=None) as batch_op:
        batch_op.drop_index("ix_restriction_webinar_seq")

    op.drop_table("restriction")
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_index("ix_decision_webinar_seq")

    op.drop_table("decision")
