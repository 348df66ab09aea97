"""Ids can be typed behind a command."""

from __future__ import annotations

import secrets

import pytest

from app.core.ids import is_id, new_id


def test_no_id_looks_like_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["-" + "a" * 19, "--" + "b" * 18, "c-" + "d" * 18])
    monkeypatch.setattr(secrets, "token_urlsafe", lambda _bytes: next(drawn))
    assert new_id() == "c-" + "d" * 18
    assert is_id("-" + "a" * 19), "the control: those of before go on working"
