"""Tokens of who voted in an open anonymous poll."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "voter_token",
        sa.Column("ballot", sa.String(length=20), nullable=False),
        sa.Column("token", sa.LargeBinary(length=32), nullable=False),
        sa.Column("webinar_id", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("ballot", "token", name=op.f("pk_voter_token")),
    )
    with op.batch_alter_table("voter_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_voter_token_webinar_id"), ["webinar_id"], unique=False)


def downgrade() -> None:
    op.drop_table("voter_token")
