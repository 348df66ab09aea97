"""agreement"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import app.core.db

revision = "0018"
down_revision = "0017"


def upgrade() -> None:

    op.create_table('agreement_acceptance',
    sa.Column('id', sa.String(length=20), nullable=False),
    sa.Column('account_id', sa.String(length=20), nullable=False),
    sa.Column('version', sa.String(length=20), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.Column('processors', sa.String(length=64), nullable=False),
    sa.Column('staff', sa.String(length=20), nullable=False),
    sa.Column('name', sa.LargeBinary(), nullable=False),
    sa.Column('role', sa.String(length=24), nullable=False),
    sa.Column('at', app.core.db.UtcTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_agreement_acceptance_account_id_account'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agreement_acceptance'))
    )
    with op.batch_alter_table('agreement_acceptance', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_agreement_acceptance_account_id'), ['account_id'], unique=False)




def downgrade() -> None:

    with op.batch_alter_table('agreement_acceptance', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_agreement_acceptance_account_id'))

    op.drop_table('agreement_acceptance')

