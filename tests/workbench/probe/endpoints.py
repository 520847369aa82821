"""Verification endpoints on real sockets, to be probed: a right one, and such as are wrong in one thing."""

from __future__ import annotations

import asyncio
import re
import secrets
import sqlite3
import ssl
import traceback
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from tests.support import PromptServer

USER = "ana@example.com"
OTHER = "bo@example.com"
PHONE = "+34600111222"
SECRET = "s3cret-Of-menta-tech"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
NO_STORE = {"Cache-Control": "no-store"}
_EMAIL = re.compile(r"[^\s@\"\x00-\x1f\ufffd]+@[^\s@\"\x00-\x1f\ufffd]+")


def ticket(number: int) -> dict[str, Any]:
    """A ticket of the contract."""
    return {
        "ticketId": f"t-{number}",
        "externalReferenceEventId": "fest",
        "showId": "fest",
        "ticketOptionId": "A",
        "price": 45.5,
        "currency": "EUR",
        "status": "VALID",
    }


class Endpoint:
    """A right endpoint: what it does in one call are its methods, of which a wrong one replaces some."""

    def __init__(self) -> None:
        self.owners: dict[str, list[dict[str, Any]]] = {
            USER: [ticket(1), ticket(2)],
            OTHER: [ticket(3)],
        }
        self.pulls = 0

    async def __call__(self, request: Request) -> Response:
        """Secret, method, user, in this order."""
        if request.url.path != "/tickets":
            return self.error(404, request)
        if not self.lets_in(request):
            return self.error(401, request)
        if request.method not in self.methods():
            return self.error(405, request)
        user = self.user_of(request)
        if user is None:
            return self.error(400, request)
        self.pulls += 1
        return await self.answer(user)

    def lets_in(self, request: Request) -> bool:
        """Whether the secret is right."""
        return request.headers.getlist("x-secret") == [SECRET]

    def methods(self) -> list[str]:
        """The methods that are answered."""
        return ["GET", "HEAD"]

    def user_of(self, request: Request) -> str | None:
        """The one user, if it looks like an address."""
        users = request.query_params.getlist("user")
        fits = len(users) == 1 and len(users[0]) <= 254 and self.is_user(users[0])
        return users[0] if fits else None

    def is_user(self, user: str) -> bool:
        """Whether a text can be a user."""
        return bool(_EMAIL.fullmatch(user))

    async def answer(self, user: str) -> Response:
        """The tickets of a user."""
        return JSONResponse(self.body(user, self.tickets_of(user)), headers=self.headers())

    def tickets_of(self, user: str) -> list[dict[str, Any]]:
        """What a user owns; the letter case of an address means nothing."""
        return self.owners.get(user.lower(), [])

    def body(self, user: str, tickets: list[dict[str, Any]]) -> Any:
        """The document."""
        return {"userEmail": user, "tickets": tickets}

    def headers(self) -> Mapping[str, str]:
        """The headers of an answer."""
        return NO_STORE

    def error(self, status: int, request: Request) -> Response:
        """An error."""
        del request
        allow = {"Allow": "GET, HEAD"} if status == 405 else {}
        return JSONResponse({"status": status}, status, {**NO_STORE, **allow})


class RightInItsWay(Endpoint):
    """Right, and other than the one above in all that is left open."""

    async def __call__(self, request: Request) -> Response:
        answer = await super().__call__(request)
        answer.set_cookie("session", secrets.token_hex(8))
        return answer

    def headers(self) -> Mapping[str, str]:
        control = "private, no-cache, no-store, max-age=0, must-revalidate"
        return {
            "Cache-Control": control,
            "Content-Type": "application/json; charset=utf-8",
            "Age": "0",
            "X-Cache": "MISS from edge-7",
            "X-Request-Id": secrets.token_hex(8),
            "ETag": '"always-the-same"',
            "Date": formatdate(usegmt=True),
        }

    def tickets_of(self, user: str) -> list[dict[str, Any]]:
        owned = super().tickets_of(user)
        return owned[self.pulls % 2 :] + owned[: self.pulls % 2]

    def error(self, status: int, request: Request) -> Response:
        if request.url.path != "/tickets":
            return HTMLResponse("<h1>404 Not Found</h1><hr>nginx/1.18.0.1", 404)
        status = {400: 422, 401: 403}.get(status, status)
        kind = f"https://docs.acme.example/errors/{status}"
        allow = {"Allow": "HEAD, GET"} if status == 405 else {}
        document = {"type": kind, "title": "No", "detail": "See at docs.acme.example (10:30)"}
        return JSONResponse(document, status, {**allow, "Cache-Control": "no-store"})


class UnknownIs404(Endpoint):
    """Says 404 of users whom nobody knows."""

    async def answer(self, user: str) -> Response:
        if user.lower() in self.owners:
            return await super().answer(user)
        return JSONResponse({"error": "no such user"}, 404, NO_STORE)


class LimitsCalls(Endpoint):
    """Answers each fifth call with 429, and the same call after it."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    async def __call__(self, request: Request) -> Response:
        self.calls += 1
        if self.calls % 5 == 0:
            return JSONResponse({}, 429, {**NO_STORE, "Retry-After": "0"})
        return await super().__call__(request)


class OfPhones(Endpoint):
    """Knows users by their phone numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.owners = {PHONE: [ticket(1)]}

    def is_user(self, user: str) -> bool:
        return bool(re.fullmatch(r"\+?[0-9]{6,15}", user))


class KeepsAMinute(Endpoint):
    """Answers from a cache, for 60 s."""

    def headers(self) -> Mapping[str, str]:
        return {"Cache-Control": "public, max-age=60", "Age": "17"}


class SaysNothingOfCaches(Endpoint):
    """Has no Cache-Control."""

    def headers(self) -> Mapping[str, str]:
        return {}


class FindsTooMany(Endpoint):
    """Looks for users by a part of their address."""

    def tickets_of(self, user: str) -> list[dict[str, Any]]:
        domain = user.lower().rpartition("@")[2]
        return [t for u, owned in self.owners.items() if u.endswith(domain) for t in owned]


class AnswersTheNext(Endpoint):
    """Gives one user another one's ticket beside the own."""

    def tickets_of(self, user: str) -> list[dict[str, Any]]:
        own = super().tickets_of(user)
        return [*own, ticket(3)] if own else own


class CentsAsText(Endpoint):
    """Prices are texts, in cents."""

    def tickets_of(self, user: str) -> list[dict[str, Any]]:
        return [{**each, "price": "4550"} for each in super().tickets_of(user)]


class NumbersForIds(Endpoint):
    """Ids are numbers."""

    def tickets_of(self, user: str) -> list[dict[str, Any]]:
        return [
            {**each, "ticketId": int(each["ticketId"][2:])} for each in super().tickets_of(user)
        ]


class EmptyUponFailure(Endpoint):
    """`[]` while the platform is down, which it is after the third pull."""

    def tickets_of(self, user: str) -> list[dict[str, Any]]:
        return super().tickets_of(user) if self.pulls <= 3 else []


class AlwaysEmpty(Endpoint):
    """`[]` to everybody."""

    def tickets_of(self, user: str) -> list[dict[str, Any]]:
        del user
        return []


class Open(Endpoint):
    """Lets everybody in who has no secret at all."""

    def lets_in(self, request: Request) -> bool:
        return "x-secret" not in request.headers or super().lets_in(request)


class OpenToEmpty(Endpoint):
    """Lets in who sends an empty secret."""

    def lets_in(self, request: Request) -> bool:
        return request.headers.get("x-secret") == "" or super().lets_in(request)


class OpenToPrefixes(Endpoint):
    """Compares as far as the given secret goes, and in any letter case."""

    def lets_in(self, request: Request) -> bool:
        given = request.headers.get("x-secret", "").lower()
        return bool(given) and SECRET.lower().startswith(given)


class Trims(Endpoint):
    """Trims the user."""

    def is_user(self, user: str) -> bool:
        return super().is_user(user.strip())

    def tickets_of(self, user: str) -> list[dict[str, Any]]:
        return super().tickets_of(user.strip())

    def body(self, user: str, tickets: list[dict[str, Any]]) -> Any:
        return super().body(user.strip(), tickets)


class PageForAnError(Endpoint):
    """A gateway's page with 200."""

    async def answer(self, user: str) -> Response:
        del user
        return HTMLResponse("<h1>Maintenance</h1>", headers=NO_STORE)


class StandsStill(Endpoint):
    """Gives an answer that was made at some time in the past."""

    def headers(self) -> Mapping[str, str]:
        return {**NO_STORE, "Date": "Tue, 24 Nov 2026 12:00:00 GMT"}


class SaysThatItHit(Endpoint):
    """Comes out of a cache in front, which says so."""

    def headers(self) -> Mapping[str, str]:
        return {**NO_STORE, "X-Cache": "Hit from edge-7"}


class GivesObjects(Endpoint):
    """Gives the tickets as an object, by their ids."""

    def body(self, user: str, tickets: list[dict[str, Any]]) -> Any:
        return {"userEmail": user, "tickets": {each["ticketId"]: each for each in tickets}}


class RefusesStrangers(Endpoint):
    """Takes whom it does not know for a wrong call."""

    async def answer(self, user: str) -> Response:
        is_known = user.lower() in self.owners
        return await super().answer(user) if is_known else JSONResponse({}, 409, NO_STORE)


class FloodsAll(Endpoint):
    """Gives more than anybody could own."""

    async def answer(self, user: str) -> Response:
        del user
        parts = (b" " * 1_000_000 for _ in range(31))
        return StreamingResponse(parts, 200, NO_STORE, "application/json")


class Drips(Endpoint):
    """Sends a byte now and then, so that no single one is late."""

    async def answer(self, user: str) -> Response:
        del user

        async def drops() -> AsyncIterator[bytes]:
            while True:
                yield b" "
                await asyncio.sleep(0.05)

        return StreamingResponse(drops(), 200, NO_STORE, "application/json")


class Hangs(Endpoint):
    """Takes a pull, and says nothing for long."""

    async def answer(self, user: str) -> Response:
        await asyncio.sleep(1)
        return await super().answer(user)


class Slow(Endpoint):
    """Takes its time."""

    async def answer(self, user: str) -> Response:
        await asyncio.sleep(0.08)
        return await super().answer(user)


class ShowsItsTraceback(Endpoint):
    """Errors have a traceback."""

    def error(self, status: int, request: Request) -> Response:
        try:
            METHODS[status]
        except LookupError:
            text = traceback.format_exc()
        allow = super().error(status, request).headers.get("allow", "GET")
        return PlainTextResponse(text, status, {**NO_STORE, "Allow": allow})


class NamesItsHost(Endpoint):
    """Errors name a host that is nobody's business."""

    TEXT = "connect to db-7.tickets.internal:5432 failed"

    def error(self, status: int, request: Request) -> Response:
        allow = super().error(status, request).headers.get("allow", "GET")
        return JSONResponse({"error": self.TEXT}, status, {**NO_STORE, "Allow": allow})


class NamesItsDatabase(NamesItsHost):
    """Errors come from the database as they are."""

    TEXT = "SQLSTATE[42000]: near 'or'"


class NamesItsAddress(NamesItsHost):
    """Errors name an address inside."""

    TEXT = "connect to 10.4.0.9 failed"


class NamesItsBuild(NamesItsHost):
    """Errors name a version in four parts, which is no address."""

    TEXT = "gateway 10.4.300.9"


class NamesItsUsers(Endpoint):
    """A wrong user is told who there is."""

    def error(self, status: int, request: Request) -> Response:
        text = f"no such user, did you mean {OTHER}?"
        allow = super().error(status, request).headers.get("allow", "GET")
        return JSONResponse({"error": text}, status, {**NO_STORE, "Allow": allow})


class RepeatsTheSecret(Endpoint):
    """An error repeats the headers that came."""

    def error(self, status: int, request: Request) -> Response:
        allow = super().error(status, request).headers.get("allow", "GET")
        return JSONResponse(dict(request.headers), status, {**NO_STORE, "Allow": allow})


class PastesIntoSql(Endpoint):
    """Makes a query out of the user."""

    def tickets_of(self, user: str) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(":memory:")) as base:
            base.execute("create table owned (owner, number)")
            rows = [(u, t["ticketId"][2:]) for u, owned in self.owners.items() for t in owned]
            base.executemany("insert into owned values (?, ?)", rows)
            query = f"select number from owned where owner = '{user.lower()}'"  # noqa: S608 - its fault
            return [ticket(int(number)) for (number,) in base.execute(query)]


class TakesSigns(Endpoint):
    """Searches with `*` and `%` for anything."""

    def is_user(self, user: str) -> bool:
        return user in {"*", "%"} or super().is_user(user)

    def tickets_of(self, user: str) -> list[dict[str, Any]]:
        like = re.escape(user.lower()).replace(r"\*", ".*").replace("%", ".*")
        return [t for u, owned in self.owners.items() if re.fullmatch(like, u) for t in owned]


class FailsAtQuotes(Endpoint):
    """Fails where the user has a quote."""

    async def answer(self, user: str) -> Response:
        return JSONResponse({}, 500, NO_STORE) if "'" in user else await super().answer(user)


class FailsAtCapitals(Endpoint):
    """Fails where the user comes in capitals."""

    async def answer(self, user: str) -> Response:
        return JSONResponse({}, 500, NO_STORE) if user.isupper() else await super().answer(user)


class NewIds(Endpoint):
    """Makes the ids of tickets anew in each answer."""

    def tickets_of(self, user: str) -> list[dict[str, Any]]:
        owned = super().tickets_of(user)
        return [{**t, "ticketId": f"{self.pulls}-{t['ticketId']}"} for t in owned]


class NewShows(Endpoint):
    """Makes the ids of shows anew in each answer."""

    def tickets_of(self, user: str) -> list[dict[str, Any]]:
        return [{**each, "showId": f"s{self.pulls}"} for each in super().tickets_of(user)]


class Twice(Endpoint):
    """Gives each ticket twice."""

    def tickets_of(self, user: str) -> list[dict[str, Any]]:
        return super().tickets_of(user) * 2


class AnswersPosts(Endpoint):
    """Answers POST too."""

    def methods(self) -> list[str]:
        return ["GET", "HEAD", "POST"]


class NoHead(Endpoint):
    """Refuses HEAD, and has no `Allow` in a 405."""

    def methods(self) -> list[str]:
        return ["GET"]

    def error(self, status: int, request: Request) -> Response:
        if status != 405:
            return super().error(status, request)
        return JSONResponse({"status": status}, status, NO_STORE)


class DecodesTwice(Endpoint):
    """Decodes the user twice, so that `%2B` is a blank."""

    def user_of(self, request: Request) -> str | None:
        user = super().user_of(request)
        return user and unquote_plus(user)


class TakesTheFirst(Endpoint):
    """Takes the first of two users."""

    def user_of(self, request: Request) -> str | None:
        users = request.query_params.getlist("user")
        return users[0] if len(users) > 1 else super().user_of(request)


class AsksForCase(Endpoint):
    """Knows users in one letter case alone."""

    def tickets_of(self, user: str) -> list[dict[str, Any]]:
        return self.owners.get(user, [])


class LowersTheUser(Endpoint):
    """Gives another user back than was asked for."""

    def body(self, user: str, tickets: list[dict[str, Any]]) -> Any:
        return super().body(user.lower(), tickets)


class NamesOneUser(Endpoint):
    """Names the same user in each answer with tickets."""

    def body(self, user: str, tickets: list[dict[str, Any]]) -> Any:
        return super().body(OTHER if tickets else user, tickets)


class BelievesAnyone(Endpoint):
    """Believes whoever names an address, and lets in a list of them."""

    async def __call__(self, request: Request) -> Response:
        if request.headers.get("x-forwarded-for", "127.0.0.1") != "127.0.0.1":
            return self.error(403, request)
        return await super().__call__(request)


class RefusesUnclearly(Endpoint):
    """Says of a wrong secret that something was not found."""

    def error(self, status: int, request: Request) -> Response:
        return super().error(404 if status == 401 else status, request)


class KeepsErrors(Endpoint):
    """Lets its errors be kept."""

    def error(self, status: int, request: Request) -> Response:
        answer = super().error(status, request)
        answer.headers["cache-control"] = "max-age=300"
        return answer


class AnswersEverywhere(Endpoint):
    """Has an answer at each address."""

    def error(self, status: int, request: Request) -> Response:
        answer = super().error(status, request)
        return answer if status != 404 else Response(None, 204, NO_STORE)


class ListedOnly(Endpoint):
    """Lets in one address that no caller has here, but believes whoever names it as `X-Real-IP`."""

    def lets_in(self, request: Request) -> bool:
        return request.headers.get("x-real-ip") == "10.0.0.1"


class Lite(Endpoint):
    """The older contract: a bare array; 204 for nothing, 404 for a stranger."""

    async def answer(self, user: str) -> Response:
        if user.lower() not in self.owners:
            return JSONResponse({}, 404, NO_STORE)
        owned = self.tickets_of(user)
        return await super().answer(user) if owned else Response(None, 204, NO_STORE)

    def body(self, user: str, tickets: list[dict[str, Any]]) -> Any:
        del user
        return [{"id": each["ticketId"], "state": "ok"} for each in tickets]


class LiteOfNobody(Lite):
    """The older contract, in which everybody owns nothing."""

    def tickets_of(self, user: str) -> list[dict[str, Any]]:
        del user
        return []


class LiteOfNumbers(Lite):
    """The older contract, with numbers for ids."""

    def body(self, user: str, tickets: list[dict[str, Any]]) -> Any:
        return [{"id": 7 + number} for number, _ in enumerate(super().body(user, tickets))]


@asynccontextmanager
async def served(endpoint: Endpoint, certificate: Path | None = None) -> AsyncIterator[str]:
    """The URL of *endpoint* on a real socket; with *certificate* (PEM, its key in it) by TLS."""
    app = Starlette(routes=[Route("/{path:path}", endpoint.__call__, methods=METHODS)])
    config = uvicorn.Config(
        app,
        port=0,
        log_config=None,
        lifespan="off",
        date_header=False,  # without it a probe need not wait for the next second
        ssl_certfile=certificate,
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
    )
    server = PromptServer(config)
    running = asyncio.create_task(server.serve())
    try:
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        scheme = "http" if certificate is None else "https"
        yield f"{scheme}://localhost:{port}/tickets"
    finally:
        await server.leave()
        await running


class KeepsSilently(Endpoint):
    """Remembers each user's tickets, and says nothing of it."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, list[dict[str, Any]]] = {}

    def tickets_of(self, user: str) -> list[dict[str, Any]]:
        return self.kept.setdefault(user, list(super().tickets_of(user)))
