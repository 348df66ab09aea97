"""What no log line carries: values under the name of a personal column, addresses, and control characters."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

from app.privacy.map import DataMap

GONE = "[left out]"
_ADDRESS = re.compile(
    r"[^\s@<>\"']+@[^\s@<>\"']+\.[^\s@<>\"']+|\b(?:\d{1,3}\.){3}\d{1,3}\b|\b(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{0,4}\b"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
ALWAYS = frozenset(
    {"email", "ip", "user_agent", "referer", "cookie", "authorization", "password", "token", "query", "headers", "client"}
)
NEVER = frozenset({"at", "role", "kind", "person", "id"})
"""Names of personal columns that are fine in a log: times, kinds and random ids."""


class LogFilter:
    """A structlog processor derived from the data map."""

    def __init__(self, data_map: DataMap) -> None:
        self._names = (data_map.log_words() | ALWAYS) - NEVER

    def __call__(self, _logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        return {key: self._clean(key, value) for key, value in event.items()}

    def _clean(self, key: str, value: Any) -> Any:
        if key in self._names and value not in (None, ""):
            return GONE
        if isinstance(value, str):
            value = _ADDRESS.sub(GONE, value)
            # A traceback is ours and has lines; anything else with a line break is somebody forging log lines.
            return value if key == "exception" else _CONTROL.sub(" ", value)
        if isinstance(value, bytes):
            return GONE
        if isinstance(value, dict):
            return {inner: self._clean(str(inner), one) for inner, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._clean("", one) for one in value]
        return value
