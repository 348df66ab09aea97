"""languages"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import app.core.db

revision = '0020'
down_revision = '0019'


def upgrade() -> None:
    op.create_table('language',
    sa.Column('id', sa.String(length=20), nullable=False),
    sa.Column('webinar_id', sa.String(length=20), nullable=False),
    sa.Column('code', sa.String(length=12), nullable=False),
    sa.Column('key', sa.String(length=20), nullable=False),
    sa.ForeignKeyConstraint(['webinar_id'], ['webinar.id'], name=op.f('fk_language_webinar_id_webinar'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_language'))
    )
    with op.batch_alter_table('presenter', schema=None) as batch_op:
        batch_op.add_column(sa.Column('language', sa.String(length=20), nullable=True))
        batch_op.alter_column('sort',
               existing_type=sa.VARCHAR(length=10),
               type_=sa.String(length=12),
               existing_nullable=False)



def downgrade() -> None:
    with op.batch_alter_table('presenter', schema=None) as batch_op:
        batch_op.alter_column('sort',
               existing_type=sa.String(length=12),
               type_=sa.VARCHAR(length=10),
               existing_nullable=False)
        batch_op.drop_column('language')

    op.drop_table('language')
