"""when everybody was told"""

from __future__ import annotations

import sqlalchemy as sa

import app.core.db
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    # What was told is forgotten once: there is no telling when it was.
    op.execute("DELETE FROM mail_round")
    with op.batch_alter_table("mail_round") as batch:
        batch.add_column(sa.Column("at", app.core.db.UtcTime(timezone=True), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("mail_round") as batch:
        batch.drop_column("at")
