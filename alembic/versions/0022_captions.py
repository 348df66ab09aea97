"""captions"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import app.core.db

revision = '0022'
down_revision = '0021'


def upgrade() -> None:
    op.create_table('caption',
    sa.Column('id', sa.String(length=20), nullable=False),
    sa.Column('webinar_id', sa.String(length=20), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('lang', sa.String(length=12), nullable=False),
    sa.Column('text', sa.LargeBinary(), nullable=False),
    sa.Column('at', app.core.db.UtcTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['webinar_id'], ['webinar.id'], name=op.f('fk_caption_webinar_id_webinar'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_caption'))
    )
    with op.batch_alter_table('caption', schema=None) as batch_op:
        batch_op.create_index('ix_caption_webinar_id_seq', ['webinar_id', 'seq'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('caption', schema=None) as batch_op:
        batch_op.drop_index('ix_caption_webinar_id_seq')

    op.drop_table('caption')
