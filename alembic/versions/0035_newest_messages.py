"""The newest messages of a room are found without reading all of them."""

from __future__ import annotations

from collections.abc import Sequence

from alembic import op

revision: str = "0035"
down_revision: str | None = "0034"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("ix_message_webinar_at", "message", ["webinar_id", "at", "seq"])


def downgrade() -> None:
    op.drop_index("ix_message_webinar_at", table_name="message")
