"""embed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import app.core.db

revision = '0017'
down_revision = '0016'


def upgrade() -> None:
    op.create_table('embed',
    sa.Column('webinar_id', sa.String(length=20), nullable=False),
    sa.Column('hosts', sa.JSON(), nullable=False),
    sa.Column('interaction', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['webinar_id'], ['webinar.id'], name=op.f('fk_embed_webinar_id_webinar'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('webinar_id', name=op.f('pk_embed'))
    )


def downgrade() -> None:
    op.drop_table('embed')
