"""The end of an account's plan."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

import app.core.db
from alembic import op

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "account_end",
        sa.Column("account_id", sa.String(length=20), nullable=False),
        sa.Column("ends_at", app.core.db.UtcTime(timezone=True), nullable=False),
        sa.Column("choice", sa.String(length=10), nullable=False),
        sa.Column("told_at", app.core.db.UtcTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_account_end_account_id_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account_end")),
    )


def downgrade() -> None:
    op.drop_table("account_end")
