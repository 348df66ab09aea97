"""What people do on a page, whichever browser it is in, where Playwright does not drive it."""

from __future__ import annotations

from typing import Any

from tests.support.until import until

ENTER = "\ue007"
"""The key, as WebDriver writes it."""


class Page:
    """A page; how a script runs in it, its browser knows."""

    async def evaluate(self, expression: str, *arguments: Any) -> Any:
        """The value of an expression, or of a function called with ``arguments``, as JSON has it."""
        raise NotImplementedError

    async def there(self, selector: str, text: str = "", within: float = 20) -> None:
        """Wait for an element, with these words if any."""
        found = "(selector, text) => [...document.querySelectorAll(selector)].some((one) => one.checkVisibility() && one.textContent.includes(text))"
        await until(lambda: self.evaluate(found, selector, text), within=within, what=f"{selector} {text}")

    async def click(self, selector: str, text: str = "", within: float = 20) -> None:
        """Click an element, once it is there."""
        await self.there(selector, text, within)
        script = "(selector, text) => [...document.querySelectorAll(selector)].find((one) => one.checkVisibility() && one.textContent.includes(text)).click()"
        await self.evaluate(script, selector, text)
