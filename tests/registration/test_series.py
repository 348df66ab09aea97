"""A webinar again: duplicates carry settings and nobody's data; a series keeps its hour; cancelling is told and can be taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from app.registration import fields, series
from app.registration.form import load
from app.registration.models import FormField, Registrant
from app.registration.series import Repeat
from app.rooms.models import Webinar
from tests.registration.stand import COMPANY, OWNER, Desk


async def test_a_duplicate_has_the_settings_and_none_of_the_people(desk: Desk) -> None:
    opens = desk.webinar.starts_at - timedelta(days=2)
    await desk.set(COMPANY, ask_email="required", confirm_email=False, capacity=7, opens_at=opens, attendance=True)
    async with desk.product.work.unit() as unit:
        (await unit.session.get_one(Webinar, desk.webinar.id)).retention_days = 11
        [field] = (await unit.session.execute(select(FormField))).scalars()
        field.retention_days = 3
    desk.clock.advance(timedelta(days=1, hours=1))
    await desk.post({"email": "ada@example.org", "q_company": "Looms"})
    wanted = Repeat("Bees again", desk.webinar.starts_at + timedelta(days=30))
    async with desk.product.work.unit() as unit:
        [made] = await series.duplicate(unit, desk.webinar.account_id, desk.webinar.id, wanted)
    async with desk.product.work.read() as session:
        plan = await load(session, made.id)
        people = (await session.execute(select(Registrant).where(Registrant.webinar_id == made.id))).scalars().all()
        old = await load(session, desk.webinar.id)
    assert people == []
    assert (plan.policy.capacity, plan.policy.opens_at, plan.policy.attendance) == (7, opens + timedelta(days=30), True)
    assert [(f.identifier, f.retention_days) for f in plan.fields] == [("company", 3)]
    assert plan.fields[0].id != old.fields[0].id
    assert (made.retention_days, made.publication, made.broadcast) == (11, "draft", "idle")
    assert made.hls_token != desk.webinar.hls_token
    assert fields.advice(plan) == []


async def test_a_series_keeps_its_hour_across_summer_time(desk: Desk) -> None:
    before = datetime(2027, 3, 22, 13, 0, tzinfo=UTC)
    async with desk.product.work.unit() as unit:
        made = await series.duplicate(unit, desk.webinar.account_id, desk.webinar.id, Repeat("Course", before, count=2, days=7))
    # Brussels changes its clocks on 28 March 2027.
    assert [row.starts_at.astimezone(UTC) for row in made] == [before, datetime(2027, 3, 29, 12, 0, tzinfo=UTC)]
    async with desk.product.work.read() as session:
        together = await series.sessions(session, made[0].id)
    assert [row.id for row in together] == [desk.webinar.id, *(row.id for row in made)]


async def test_home_shows_steps_and_figures_and_cancels(desk: Desk) -> None:
    await desk.set(ask_email="required", confirm_email=False, capacity=3)
    await desk.post({"email": "ada@example.org"})
    home = f"/admin/webinars/{desk.webinar.id}"
    async with desk.product.client() as owner:
        await desk.product.sign_in(owner, OWNER)
        text = (await owner.get(home)).text
        assert "of 3" in text
        assert "Tell participants what happens with their data" in text
        made = await owner.post(
            f"{home}/duplicate",
            data={
                "title": "Again",
                "starts_date": "2027-01-05",
                "starts_time": "10:00",
                "starts_zone": "Europe/Brussels",
                "count": "2",
                "days": "7",
            },
        )
        assert made.status_code == 303
        assert "Part of a series of 3" in (await owner.get(home)).text
        wrong = await owner.post(
            f"{home}/duplicate", data={"title": "x", "starts_date": "", "starts_time": "", "count": "99", "days": "0"}
        )
        assert wrong.status_code == 422
        await owner.post(f"{home}/cancel", data={})
        assert "This webinar will not take place." in (await desk.get(desk.path)).text
        await owner.post(f"{home}/publish", data={})
        assert (await desk.product.row(desk.webinar.id)).publication == "unlisted"
