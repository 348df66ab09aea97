"""stage"""

from __future__ import annotations

import sqlalchemy as sa

import app.core.db
from alembic import op

revision = '0011'
down_revision = '0010'


def upgrade() -> None:
    op.create_table('presenter',
    sa.Column('id', sa.String(length=20), nullable=False),
    sa.Column('webinar_id', sa.String(length=20), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('person', sa.String(length=20), nullable=False),
    sa.Column('name', sa.LargeBinary(), nullable=False),
    sa.Column('sort', sa.String(length=10), nullable=False),
    sa.Column('on_stage', sa.Boolean(), nullable=False),
    sa.Column('muted', sa.Boolean(), nullable=False),
    sa.Column('connected', sa.Boolean(), nullable=False),
    sa.Column('video', sa.Boolean(), nullable=False),
    sa.Column('audio', sa.Boolean(), nullable=False),
    sa.Column('shown', sa.Boolean(), nullable=False),
    sa.Column('removed', sa.Boolean(), nullable=False),
    sa.Column('made_at', app.core.db.UtcTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['webinar_id'], ['webinar.id'], name=op.f('fk_presenter_webinar_id_webinar'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_presenter')),
    sa.UniqueConstraint('webinar_id', 'person', name=op.f('uq_presenter_webinar_id_person'))
    )
    op.create_table('stage',
    sa.Column('webinar_id', sa.String(length=20), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('chosen', sa.String(length=20), nullable=True),
    sa.Column('breaks', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['webinar_id'], ['webinar.id'], name=op.f('fk_stage_webinar_id_webinar'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('webinar_id', name=op.f('pk_stage'))
    )


def downgrade() -> None:
    op.drop_table('stage')
    op.drop_table('presenter')
