"""recordings"""

from __future__ import annotations

import sqlalchemy as sa

import app.core.db
from alembic import op

revision = '0015'
down_revision = '0014'


def upgrade() -> None:
    op.create_table('recording',
    sa.Column('id', sa.String(length=20), nullable=False),
    sa.Column('webinar_id', sa.String(length=20), nullable=False),
    sa.Column('token', sa.String(length=43), nullable=False),
    sa.Column('made_at', app.core.db.UtcTime(timezone=True), nullable=False),
    sa.Column('ended_at', app.core.db.UtcTime(timezone=True), nullable=True),
    sa.Column('seconds', sa.Double(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('published', sa.Boolean(), nullable=False),
    sa.Column('start', sa.Double(), nullable=False),
    sa.Column('end', sa.Double(), nullable=True),
    sa.Column('chapters', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['webinar_id'], ['webinar.id'], name=op.f('fk_recording_webinar_id_webinar'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recording'))
    )
    with op.batch_alter_table('recording', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_recording_token'), ['token'], unique=False)
        batch_op.create_index('ix_recording_webinar_id', ['webinar_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('recording', schema=None) as batch_op:
        batch_op.drop_index('ix_recording_webinar_id')
        batch_op.drop_index(batch_op.f('ix_recording_token'))

    op.drop_table('recording')
