"""processor notices"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import app.core.db

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.create_table(
        "processor_notice",
        sa.Column("account_id", sa.String(length=20), nullable=False),
        sa.Column("processors", sa.String(length=64), nullable=False),
        sa.Column("told_at", app.core.db.UtcTime(timezone=True), nullable=False),
        sa.Column("starts_at", app.core.db.UtcTime(timezone=True), nullable=False),
        sa.Column("answer", sa.String(length=10), nullable=False),
        sa.Column("answered_at", app.core.db.UtcTime(timezone=True), nullable=True),
        sa.Column("staff", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_processor_notice_account_id_account"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "processors", name=op.f("pk_processor_notice")),
    )


def downgrade() -> None:
    op.drop_table("processor_notice")
