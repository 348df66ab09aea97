"""webhooks"""

from __future__ import annotations

import sqlalchemy as sa

import app.core.db
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    # Numbers of events are never given twice; only SQLite needs to be told.
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table("happening", recreate="always", table_kwargs={"sqlite_autoincrement": True}):
            pass

    op.create_table('webhook_endpoint',
    sa.Column('id', sa.String(length=20), nullable=False),
    sa.Column('account_id', sa.String(length=20), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('url', sa.String(length=2000), nullable=False),
    sa.Column('events', sa.JSON(), nullable=False),
    sa.Column('webinars', sa.JSON(), nullable=False),
    sa.Column('fields', sa.JSON(), nullable=False),
    sa.Column('purpose', sa.String(length=200), nullable=False),
    sa.Column('secret', sa.LargeBinary(), nullable=False),
    sa.Column('old_secret', sa.LargeBinary(), nullable=True),
    sa.Column('old_until', app.core.db.UtcTime(timezone=True), nullable=True),
    sa.Column('private_key', sa.LargeBinary(), nullable=True),
    sa.Column('public_key', sa.String(length=80), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('failing_since', app.core.db.UtcTime(timezone=True), nullable=True),
    sa.Column('made_at', app.core.db.UtcTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_webhook_endpoint_account_id_account'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_endpoint'))
    )
    with op.batch_alter_table('webhook_endpoint', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_webhook_endpoint_account_id'), ['account_id'], unique=False)

    op.create_table('webhook_delivery',
    sa.Column('id', sa.String(length=20), nullable=False),
    sa.Column('endpoint_id', sa.String(length=20), nullable=False),
    sa.Column('account_id', sa.String(length=20), nullable=False),
    sa.Column('webinar_id', sa.String(length=20), nullable=False),
    sa.Column('event_id', sa.String(length=20), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.Column('person', sa.String(length=20), nullable=True),
    sa.Column('ids', sa.JSON(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=True),
    sa.Column('at', app.core.db.UtcTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('due_at', app.core.db.UtcTime(timezone=True), nullable=False),
    sa.Column('leased_until', app.core.db.UtcTime(timezone=True), nullable=True),
    sa.Column('ended_at', app.core.db.UtcTime(timezone=True), nullable=True),
    sa.Column('erasure', sa.String(length=24), nullable=False),
    sa.ForeignKeyConstraint(['endpoint_id'], ['webhook_endpoint.id'], name=op.f('fk_webhook_delivery_endpoint_id_webhook_endpoint'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_delivery'))
    )
    with op.batch_alter_table('webhook_delivery', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_webhook_delivery_account_id'), ['account_id'], unique=False)
        batch_op.create_index('ix_webhook_delivery_due', ['state', 'due_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_webhook_delivery_erasure'), ['erasure'], unique=False)
        batch_op.create_index('ix_webhook_delivery_log', ['endpoint_id', 'n'], unique=False)
        batch_op.create_index('ix_webhook_delivery_person', ['endpoint_id', 'person'], unique=False)
        batch_op.create_index(batch_op.f('ix_webhook_delivery_webinar_id'), ['webinar_id'], unique=False)

    op.create_table('webhook_told',
    sa.Column('endpoint_id', sa.String(length=20), nullable=False),
    sa.Column('webinar_id', sa.String(length=20), nullable=False),
    sa.Column('person', sa.String(length=20), nullable=False),
    sa.ForeignKeyConstraint(['endpoint_id'], ['webhook_endpoint.id'], name=op.f('fk_webhook_told_endpoint_id_webhook_endpoint'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('endpoint_id', 'webinar_id', 'person', name=op.f('pk_webhook_told'))
    )
    with op.batch_alter_table('webhook_told', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_webhook_told_webinar_id'), ['webinar_id'], unique=False)

    op.create_table('webhook_attempt',
    sa.Column('id', sa.String(length=20), nullable=False),
    sa.Column('delivery_id', sa.String(length=20), nullable=False),
    sa.Column('at', app.core.db.UtcTime(timezone=True), nullable=False),
    sa.Column('status', sa.Integer(), nullable=False),
    sa.Column('trouble', sa.String(length=20), nullable=False),
    sa.Column('millis', sa.Integer(), nullable=False),
    sa.Column('answer', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['delivery_id'], ['webhook_delivery.id'], name=op.f('fk_webhook_attempt_delivery_id_webhook_delivery'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_attempt'))
    )
    with op.batch_alter_table('webhook_attempt', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_webhook_attempt_delivery_id'), ['delivery_id'], unique=False)




def downgrade() -> None:

    with op.batch_alter_table('webhook_attempt', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_webhook_attempt_delivery_id'))

    op.drop_table('webhook_attempt')
    with op.batch_alter_table('webhook_told', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_webhook_told_webinar_id'))

    op.drop_table('webhook_told')
    with op.batch_alter_table('webhook_delivery', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_webhook_delivery_webinar_id'))
        batch_op.drop_index('ix_webhook_delivery_person')
        batch_op.drop_index('ix_webhook_delivery_log')
        batch_op.drop_index(batch_op.f('ix_webhook_delivery_erasure'))
        batch_op.drop_index('ix_webhook_delivery_due')
        batch_op.drop_index(batch_op.f('ix_webhook_delivery_account_id'))

    op.drop_table('webhook_delivery')
    with op.batch_alter_table('webhook_endpoint', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_webhook_endpoint_account_id'))

    op.drop_table('webhook_endpoint')

