"""The inside of aiortc that we stand on, and a negative control: another inside is refused."""

from __future__ import annotations

import pytest
from aiortc.rtcdtlstransport import RtpRouter

from app.media.rtc import contract


def test_the_installed_aiortc_is_the_one_we_know() -> None:
    contract.check()


def test_another_version_or_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "PINNED", {"aiortc": "0.0.1"})
    with pytest.raises(contract.ContractBroken, match=r"aiortc is .*, not 0\.0\.1"):
        contract.check()
    monkeypatch.setattr(contract, "PINNED", {})
    monkeypatch.setattr(contract, "INSIDE", ((RtpRouter, "route_rtp", "something else"),))
    with pytest.raises(contract.ContractBroken, match=r"RtpRouter\.route_rtp has no more “something else”"):
        contract.check()
