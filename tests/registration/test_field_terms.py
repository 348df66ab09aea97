"""A question with days of its own: its answers go when they are over, and nothing else does."""

from __future__ import annotations

from datetime import timedelta

import msgspec
from sqlalchemy import select

from app.registration.fields import FieldTerms
from app.registration.models import Answer, FormField
from tests.registration.stand import COMPANY, DIET, Desk


async def answered(desk: Desk) -> list[str]:
    """The questions that have an answer."""
    async with desk.product.work.read() as session:
        query = select(FormField.identifier).join(Answer, Answer.field_id == FormField.id).order_by(FormField.identifier)
        return list((await session.execute(query)).scalars())


async def test_answers_go_with_the_days_of_their_question_and_others_stay(desk: Desk) -> None:
    await desk.set(COMPANY, msgspec.structs.replace(DIET, retention_days=2), ask_email="required", confirm_email=False)
    for name in ("ada", "bob"):
        sent = await desk.post({"email": f"{name}@example.org", "q_company": "Looms", "q_diet": "vegan"})
        assert sent.status_code == 303
    both = ["company", "company", "diet", "diet"]
    over = desk.webinar.ends_at + timedelta(days=2)
    terms, work = FieldTerms(), desk.product.work
    assert (await terms.expire(work, over - timedelta(seconds=1)), await answered(desk)) == (0, both)
    assert (await terms.expire(work, over), await answered(desk)) == (2, ["company", "company"])
    assert (await terms.expire(work, over + timedelta(days=400)), await answered(desk)) == (0, ["company", "company"])
    assert await desk.states() == ["confirmed", "confirmed"]
