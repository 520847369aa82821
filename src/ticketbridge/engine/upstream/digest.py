"""`auth: {type: digest}`: HTTP digest authentication (RFC 7616), with `qop=auth` or without `qop`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import quote

from ticketbridge.engine.upstream.auth import Credentials
from ticketbridge.engine.upstream.messages import PlatformAnswer, PlatformRequest
from ticketbridge.engine.upstream.sockets import split_url
from ticketbridge.mapping.spec import DigestAuthSpec

_REFUSED = 401
_LONGEST = 4_000  # characters of the headers that are read
_REMEMBERED = 100  # nonces of which it is known how often they were used

_Digest = Callable[[str], str]
_ALGORITHMS: Mapping[str, _Digest] = MappingProxyType(
    {
        "MD5": lambda text: hashlib.md5(_bytes_of(text), usedforsecurity=False).hexdigest(),
        "SHA-256": lambda text: hashlib.sha256(_bytes_of(text)).hexdigest(),
    }
)
_SESSION = "-SESS"
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PART = re.compile(
    rf"""[\s,]*(?:
    (?P<name>{_WORD})\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>{_WORD}))
    |(?P<scheme>{_WORD})(?=[\s,]|$)
    |[A-Za-z0-9._~+/-]+=*(?=[\s,]|$)
    )""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Challenge:
    """A platform's challenge; *parameters* have lower-case names and no quotes."""

    parameters: Mapping[str, str] = field(repr=False)

    @property
    def nonce(self) -> str:
        """The platform's nonce."""
        return self.parameters["nonce"]

    @property
    def is_stale(self) -> bool:
        """Whether only the nonce was too old; the credentials are not refused."""
        return self.parameters.get("stale", "").lower() == "true"

    @property
    def algorithm(self) -> str:
        """The algorithm, in capitals."""
        return self.parameters.get("algorithm", "MD5").upper()

    @property
    def can_be_answered(self) -> bool:
        """Whether the challenge is complete, and asks only for supported methods."""
        known = self.algorithm.removesuffix(_SESSION) in _ALGORITHMS
        qop = self.parameters.get("qop")
        return (
            known
            and {"nonce", "realm"} <= self.parameters.keys()
            and (qop is None or _has_auth(qop))
        )


class DigestAuth:
    """Answers the challenges of one platform. All calls to it share the nonce."""

    def __init__(self, spec: DigestAuthSpec) -> None:
        self._username = spec.username.reveal()
        self._password = spec.password.reveal()
        self._uses: dict[str, int] = {}
        self.challenge: Challenge | None = None
        """The challenge that the next request answers without being asked."""

    def answer(self, challenge: Challenge, request: PlatformRequest, cnonce: str) -> Credentials:
        """Return the header that answers *challenge* in *request*.

        No two have the same count of one nonce.
        """
        asked, algorithm = challenge.parameters, challenge.algorithm
        digest = _ALGORITHMS[algorithm.removesuffix(_SESSION)]
        target = split_url(request.url)[1]
        secret = digest(f"{self._username}:{asked['realm']}:{self._password}")
        if algorithm.endswith(_SESSION):
            secret = digest(f"{secret}:{challenge.nonce}:{cnonce}")
        what = digest(f"{request.method}:{target}")
        if "qop" in asked:
            count = f"{self._count(challenge.nonce):08x}"
            response = digest(f"{secret}:{challenge.nonce}:{count}:{cnonce}:auth:{what}")
            counted = [("qop", "auth"), ("nc", count), ("cnonce", _quoted(cnonce))]
        else:
            response = digest(f"{secret}:{challenge.nonce}:{what}")
            counted = [("cnonce", _quoted(cnonce))] if algorithm.endswith(_SESSION) else []
        parts = [
            self._named_user(),
            *((name, _quoted(asked[name])) for name in ("realm", "nonce")),
            ("uri", _quoted(target)),
            ("response", _quoted(response)),
            *((name, asked[name]) for name in ("algorithm",) if name in asked),
            *((name, _quoted(asked[name])) for name in ("opaque",) if name in asked),
            *counted,
        ]
        value = ", ".join(f"{name}={text}" for name, text in parts)
        return Credentials({"Authorization": f"Digest {value}"}, made=(response, cnonce))

    def learn(self, answer: PlatformAnswer) -> None:
        """Use the nonce that *answer* names, if any, for the next request."""
        info = answer.headers.get("authentication-info", "")
        if self.challenge is None or not info or len(info) > _LONGEST:
            return
        for _, named in _read_challenges(info):
            if "nextnonce" in named:
                known = {**self.challenge.parameters, "nonce": named["nextnonce"]}
                self.challenge = Challenge(known)

    def forget(self, challenge: Challenge) -> None:
        """Drop *challenge*, because the platform refused our answer: the next request waits for a new one."""
        if self.challenge is challenge:
            self.challenge = None

    def _count(self, nonce: str) -> int:
        count = self._uses.pop(nonce, 0) + 1
        self._uses[nonce] = count  # as the one that was used last
        if len(self._uses) > _REMEMBERED:
            del self._uses[next(iter(self._uses))]
        return count

    def _named_user(self) -> tuple[str, str]:
        if self._username.isascii():
            return "username", _quoted(self._username)
        return "username*", f"UTF-8''{quote(self._username, safe='')}"


def find_challenge(answer: PlatformAnswer) -> Challenge | None:
    """Return the first challenge of *answer* that can be answered, or None."""
    asked = answer.headers.get("www-authenticate", "")
    if answer.status != _REFUSED or len(asked) > _LONGEST:
        return None
    challenges = (Challenge(p) for scheme, p in _read_challenges(asked) if scheme == "digest")
    return next((each for each in challenges if each.can_be_answered), None)


def _read_challenges(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the schemes and parameters of a `WWW-Authenticate` header, as far as it is well formed."""
    scheme, parameters = "", dict[str, str]()
    at = 0
    while found := _PART.match(text, at):
        at = found.end()
        if found["scheme"]:
            yield scheme, parameters
            scheme, parameters = found["scheme"].lower(), {}
        elif found["name"]:
            value = found["plain"] or re.sub(
                r"\\(.)", r"\1", found["quoted"] or "", flags=re.DOTALL
            )
            parameters.setdefault(found["name"].lower(), value)
    yield scheme, parameters


def _has_auth(qop: str) -> bool:
    return "auth" in (each.strip().lower() for each in qop.split(","))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _bytes_of(text: str) -> bytes:
    # What the platform says in other bytes than UTF-8 goes into the digest as it came.
    return text.encode(errors="surrogateescape")
