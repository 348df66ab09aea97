"""breaches"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import app.core.db

revision = "0023"
down_revision = "0022"


def upgrade() -> None:

    op.create_table('breach',
    sa.Column('id', sa.String(length=20), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('found_at', app.core.db.UtcTime(timezone=True), nullable=False),
    sa.Column('since', app.core.db.UtcTime(timezone=True), nullable=True),
    sa.Column('until', app.core.db.UtcTime(timezone=True), nullable=True),
    sa.Column('nature', sa.Text(), nullable=False),
    sa.Column('consequences', sa.Text(), nullable=False),
    sa.Column('measures', sa.Text(), nullable=False),
    sa.Column('keys_exposed', sa.Boolean(), nullable=False),
    sa.Column('webinars', sa.JSON(), nullable=False),
    sa.Column('stores', sa.JSON(), nullable=False),
    sa.Column('scope', sa.JSON(), nullable=False),
    sa.Column('made_at', app.core.db.UtcTime(timezone=True), nullable=False),
    sa.Column('notified_at', app.core.db.UtcTime(timezone=True), nullable=True),
    sa.Column('closed_at', app.core.db.UtcTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_breach'))
    )
    op.create_table('breach_notice',
    sa.Column('id', sa.String(length=20), nullable=False),
    sa.Column('breach_id', sa.String(length=20), nullable=False),
    sa.Column('account_id', sa.String(length=20), nullable=False),
    sa.Column('staff_id', sa.String(length=20), nullable=False),
    sa.Column('told_at', app.core.db.UtcTime(timezone=True), nullable=False),
    sa.Column('mailed_at', app.core.db.UtcTime(timezone=True), nullable=True),
    sa.Column('read_at', app.core.db.UtcTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_breach_notice_account_id_account'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['breach_id'], ['breach.id'], name=op.f('fk_breach_notice_breach_id_breach'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_breach_notice_staff_id_staff'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_breach_notice'))
    )
    with op.batch_alter_table('breach_notice', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_breach_notice_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_breach_notice_breach_id'), ['breach_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_breach_notice_staff_id'), ['staff_id'], unique=False)




def downgrade() -> None:

    with op.batch_alter_table('breach_notice', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_breach_notice_staff_id'))
        batch_op.drop_index(batch_op.f('ix_breach_notice_breach_id'))
        batch_op.drop_index(batch_op.f('ix_breach_notice_account_id'))

    op.drop_table('breach_notice')
    op.drop_table('breach')

