"""Last words to the recipients of an account that was erased."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

import app.core.db
from alembic import op

revision: str = "0029"
down_revision: str | None = "0028"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "webhook_farewell",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("erasure", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("at", app.core.db.UtcTime(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", app.core.db.UtcTime(), nullable=False),
        sa.Column("leased_until", app.core.db.UtcTime(), nullable=True),
        sa.Column("ended_at", app.core.db.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_farewell")),
    )
    with op.batch_alter_table("webhook_farewell") as batch:
        batch.create_index(batch.f("ix_webhook_farewell_erasure"), ["erasure"])


def downgrade() -> None:
    op.drop_table("webhook_farewell")
