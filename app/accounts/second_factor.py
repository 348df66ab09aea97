"""The second factor: time-based codes (RFC 6238, six digits, 30 seconds, SHA-1 as every authenticator app expects) and recovery codes.

The secret is sealed under the account's key and shown once, while it is being set up. A code works once: the step of the last
one is remembered. Recovery codes carry 80 random bits, so a plain hash of them gives nothing away.
"""

from __future__ import annotations

import base64
import hashlib
import os
from datetime import datetime

import msgspec
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import delete, func, or_, select, update

from app.accounts.models import RecoveryCode, Staff
from app.accounts.passwords import Passwords
from app.accounts.staff import Current, hashed, sign_out_everywhere
from app.core.errors import Problem, forbidden, invalid, not_found
from app.core.permissions import Role
from app.core.tokens import TokenExpired, TokenInvalid, Tokens
from app.core.unit import Unit
from app.privacy.vault import Box, Vault

DIGITS, STEP = 6, 30
DRIFT = 1
"""Steps a clock may be off either way."""
CODES = 10
HALF_AGE = 300
_HALF = "second-factor"


class Half(msgspec.Struct, frozen=True):
    """Somebody whose password was right. ``mark`` ends it when the password changes."""

    staff: str
    mark: str


class Fresh(msgspec.Struct, frozen=True):
    """A secret on its way into an authenticator app."""

    secret: str
    """Base32, in groups of four, for typing."""
    uri: str


def half(tokens: Tokens, member: Staff) -> str:
    """What a browser carries from the password to the code."""
    return tokens.sign(_HALF, Half(member.id, mark_of(member)))


async def read_half(unit: Unit, tokens: Tokens, token: str) -> Staff:
    """Whose password was right. Raises 401 when that was too long ago."""
    try:
        known = tokens.read(_HALF, token, Half, max_age=HALF_AGE)
    except (TokenExpired, TokenInvalid):
        raise _again() from None
    member = await unit.session.get(Staff, known.staff)
    if member is None or mark_of(member) != known.mark:
        raise _again()
    return member


def mark_of(member: Staff) -> str:
    """Changes with the password; says nothing about it."""
    return hashlib.sha256(member.password.encode()).hexdigest()[:24]


async def begin(unit: Unit, vault: Vault, who: Current) -> None:
    """Make a secret to be set up; nothing is asked for before :func:`switch_on`."""
    member = await unit.session.get_one(Staff, who.staff_id)
    if member.totp_on:
        raise Problem("factor.on", "The second factor is on already. Switch it off first.", status=409)
    box = await vault.account_box(who.account_id)
    member.totp = box.seal(os.urandom(20), _aad(member))


async def fresh(unit: Unit, vault: Vault, who: Current, issuer: str) -> Fresh:
    """The secret being set up. Raises 404 when there is none, or when it is in use: it is never shown again."""
    member = await unit.session.get_one(Staff, who.staff_id)
    if member.totp is None or member.totp_on:
        raise not_found()
    secret = _open(await vault.account_box(who.account_id), member)
    text = base64.b32encode(secret).decode()
    uri = _totp(secret).get_provisioning_uri(who.email, issuer)
    return Fresh(" ".join(text[i : i + 4] for i in range(0, len(text), 4)), uri)


async def switch_on(unit: Unit, vault: Vault, who: Current, code: str) -> list[str]:
    """Ask for it from now on; ``code`` shows that the app has the secret. Returns the recovery codes; other sessions end."""
    member = await unit.session.get_one(Staff, who.staff_id)
    if member.totp is None or member.totp_on:
        raise not_found()
    if not await _fits(unit, vault, member, code):
        raise invalid({"code": "This code does not fit. Check that your phone’s clock is right and type the newest one."})
    member.totp_on = True
    await sign_out_everywhere(unit, who.staff_id, except_mark=who.session)
    return await _new_codes(unit, member)


async def check(unit: Unit, vault: Vault, member: Staff, code: str) -> None:
    """The second step of a sign-in: a code of the app, or a recovery code, which is used up."""
    if not await _fits(unit, vault, member, code) and not await _recovers(unit, member, code):
        raise Problem("sign_in.code", "This code does not fit. Type the newest one, or one of your recovery codes.", status=401)


async def switch_off(unit: Unit, vault: Vault, passwords: Passwords, who: Current, *, password: str, code: str) -> None:
    """No longer ask for it. Password and code are asked once more, so that an open browser is not enough."""
    member = await _entered_again(unit, vault, passwords, who, password, code)
    await _clear(unit, member)


async def renew_codes(unit: Unit, vault: Vault, passwords: Passwords, who: Current, *, password: str, code: str) -> list[str]:
    """New recovery codes; the old ones end."""
    return await _new_codes(unit, await _entered_again(unit, vault, passwords, who, password, code))


async def codes_left(unit: Unit, staff_id: str) -> int:
    """How many recovery codes are unused."""
    query = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.staff_id == staff_id)
    return (await unit.session.execute(query)).scalar_one()


async def take_off(unit: Unit, who: Current, staff_id: str) -> None:
    """For a colleague who lost phone and codes: their password alone lets them in again, after all their sessions ended."""
    member = await unit.session.get(Staff, staff_id)
    if member is None or member.account_id != who.account_id:
        raise not_found()
    if member.id == who.staff_id:
        raise forbidden("Switch your own second factor off under Your sign-in.")
    if member.role == Role.OWNER and who.role is not Role.OWNER:
        raise forbidden("Only an owner can do this to an owner.")
    await _clear(unit, member)
    await sign_out_everywhere(unit, member.id)


async def _entered_again(unit: Unit, vault: Vault, passwords: Passwords, who: Current, password: str, code: str) -> Staff:
    member = await unit.session.get_one(Staff, who.staff_id)
    if not member.totp_on:
        raise not_found()
    if not await passwords.fits(member.password, password):
        raise invalid({"password": "This is not your present password."})
    if not await _fits(unit, vault, member, code) and not await _recovers(unit, member, code):
        raise invalid({"code": "This code does not fit. Type the newest one, or one of your recovery codes."})
    return member


async def _clear(unit: Unit, member: Staff) -> None:
    member.totp, member.totp_on, member.totp_step = None, False, 0
    await unit.session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == member.id))


async def _fits(unit: Unit, vault: Vault, member: Staff, code: str) -> bool:
    digits = "".join(code.split())
    if member.totp is None or len(digits) != DIGITS or not digits.isascii() or not digits.isdigit():
        return False
    totp = _totp(_open(await vault.account_box(member.account_id), member))
    for step in _steps(unit.now):
        try:
            totp.verify(digits.encode(), step * STEP)
        except InvalidToken:
            continue
        # The condition makes two who type the same code at once one.
        newer = or_(Staff.totp_step.is_(None), Staff.totp_step < step)
        done = await unit.session.execute(
            update(Staff).where(Staff.id == member.id, newer).values(totp_step=step).returning(Staff.id)
        )
        return done.first() is not None
    return False


async def _recovers(unit: Unit, member: Staff, code: str) -> bool:
    plain = "".join(code.split()).replace("-", "").upper()
    used = delete(RecoveryCode).where(RecoveryCode.id == hashed(plain), RecoveryCode.staff_id == member.id)
    return (await unit.session.execute(used.returning(RecoveryCode.id))).first() is not None


async def _new_codes(unit: Unit, member: Staff) -> list[str]:
    await unit.session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == member.id))
    codes = [base64.b32encode(os.urandom(10)).decode() for _ in range(CODES)]
    unit.session.add_all(RecoveryCode(id=hashed(code), staff_id=member.id) for code in codes)
    return ["-".join(code[i : i + 4] for i in range(0, 16, 4)) for code in codes]


def _steps(now: datetime) -> list[int]:
    step = int(now.timestamp()) // STEP
    return [step + drift for drift in range(-DRIFT, DRIFT + 1)]


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), STEP)  # noqa: S303 - RFC 6238 and every app; HMAC needs no stronger hash


def _open(box: Box, member: Staff) -> bytes:
    return box.open(member.totp or b"", _aad(member))


def _aad(member: Staff) -> str:
    return f"staff.totp|{member.id}"


def _again() -> Problem:
    return Problem("sign_in.again", "That took too long. Type your address and password again.", status=401)
