"""Questions to a running demo."""

from __future__ import annotations

import httpx

from ticketbridge.demo.running import Demo


async def ask(demo: Demo, user: str, *, secret: str | None = None) -> httpx.Response:
    """The answer for *user* over a connection of its own, with the demo's secret or another."""
    headers = {"X-Menta-Secret": demo.secret if secret is None else secret}
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(demo.tickets, params={"user": user}, headers=headers)
