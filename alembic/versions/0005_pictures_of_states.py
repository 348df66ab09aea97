"""pictures of states"""

from __future__ import annotations

import sqlalchemy as sa

import app.core.db
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:

    op.create_table(
        "picture",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("webinar_id", sa.String(length=20), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", app.core.db.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_picture_webinar_id_webinar"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_picture")),
    )
    with op.batch_alter_table("picture", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_picture_webinar_id"), ["webinar_id"], unique=False)

    with op.batch_alter_table("webinar", schema=None) as batch_op:
        batch_op.add_column(sa.Column("state_pictures", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:

    with op.batch_alter_table("webinar", schema=None) as batch_op:
        batch_op.drop_column("state_pictures")

    with op.batch_alter_table("picture", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_picture_webinar_id"))

    op.drop_table("picture")
