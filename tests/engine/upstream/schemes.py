"""Eight signing schemes of real platforms: as a mapping declares them, and as the platform checks them.

Each is told by the platform's public documentation, or by public code of its clients.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from tests.fake_platform import Seen

KEY = "public-of-the-bridge"
SECRET = "c2VjcmV0LW9mLXRoZS1icmlkZ2U="
"""It is base64 too, as Spektrix writes it."""
_PATIENCE = 60  # seconds between the clock of a request and the platform's


@dataclass(frozen=True)
class Scheme:
    """The `auth` of a mapping, without its type, and what a platform makes of a request."""

    auth: Mapping[str, Any]
    accepts: Callable[[Seen], bool]


def _mac(algorithm: str, text: str, key: bytes = SECRET.encode()) -> bytes:
    return hmac.new(key, text.encode(), algorithm).digest()


def _b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _is_now(moment: datetime) -> bool:
    return abs(moment.replace(tzinfo=UTC).timestamp() - time.time()) < _PATIENCE


def _query(seen: Seen) -> str:
    return seen.target.partition("?")[2]


def _fields(text: str, separator: str) -> dict[str, str]:
    """The fields of `key=a ts=b`, after the word that names the scheme."""
    pairs = (part.partition("=") for part in text.partition(" ")[2].split(separator))
    return {name.strip(): value for name, _, value in pairs}


def _ticketmatic(seen: Seen) -> bool:
    sent = _fields(seen.headers["authorization"], " ")
    sign = _mac("sha256", f"{KEY}ticketmatic{sent['ts']}").hex()
    return sent["sign"] == sign and _is_now(datetime.fromisoformat(sent["ts"]))


def _spektrix(seen: Seen) -> bool:
    date = seen.headers["date"]
    url = f"http://{seen.headers['host']}{seen.target}"
    sign = _mac("sha1", f"{seen.method}\n{url}\n{date}", base64.b64decode(SECRET))
    sent = seen.headers["authorization"]
    return sent == f"SpektrixAPI3 {KEY}:{_b64(sign)}" and _is_now(parsedate_to_datetime(date))


def _ingresse(seen: Seen) -> bool:
    sent = dict(seen.query)
    sign = _b64(_mac("sha1", KEY + sent["timestamp"]))
    named = (sent["publickey"], sent["signature"]) == (KEY, sign)
    return named and _is_now(datetime.fromisoformat(sent["timestamp"]))


def _regiondo(seen: Seen) -> bool:
    at, sent = seen.headers["x-api-time"], seen.headers["x-api-hash"]
    sign = _mac("sha256", f"{at}{KEY}{_query(seen)}").hex()
    return sent == sign and _is_now(datetime.fromtimestamp(int(at) / 1000, UTC))


def _bokun(seen: Seen) -> bool:
    date = seen.headers["x-bokun-date"]
    sign = _b64(_mac("sha1", f"{date}{KEY}{seen.method}{seen.target}"))
    return seen.headers["x-bokun-signature"] == sign and _is_now(datetime.fromisoformat(date))


def _ticketutils(seen: Seen) -> bool:
    return seen.headers["x-signature"] == _b64(_mac("sha256", seen.target))


def _lyyti(seen: Seen) -> bool:
    sent = _fields(seen.headers["authorization"], ",")
    text = _b64(f"{KEY},{sent['timestamp']},{_query(seen)}".encode())
    signed = sent["signature"] == _mac("sha256", text).hex()
    return signed and _is_now(datetime.fromtimestamp(int(sent["timestamp"]), UTC))


def _yandex(seen: Seen) -> bool:
    login, sign, at = dict(seen.query)["auth"].split(":")
    password = hashlib.md5(SECRET.encode(), usedforsecurity=False).hexdigest()
    made = hashlib.sha1(f"{password}{at}".encode(), usedforsecurity=False).hexdigest()
    return (login, sign) == (KEY, made) and _is_now(datetime.fromtimestamp(int(at), UTC))


SCHEMES: Mapping[str, Scheme] = {
    "ticketmatic": Scheme(
        {
            "values": [
                {"ts": "moment('%Y-%m-%dT%H:%M:%S')"},
                {
                    "sign": "hmac(join('', [secrets.key, 'ticketmatic', ts]), secrets.secret,"
                    " 'sha256', 'hex')"
                },
            ],
            "headers": {"Authorization": "TM-HMAC-SHA256 key={secrets.key} ts={ts} sign={sign}"},
        },
        _ticketmatic,
    ),
    "spektrix": Scheme(
        {
            "values": [
                {"date": "moment('http')"},
                {
                    "sign": 'hmac(join(`"\\n"`, [request.method, request.url, date]), secrets.secret,'
                    " 'sha1', 'base64', 'base64')"
                },
            ],
            "headers": {"Date": "{date}", "Authorization": "SpektrixAPI3 {secrets.key}:{sign}"},
        },
        _spektrix,
    ),
    "ingresse": Scheme(
        {
            "values": [
                {"ts": "moment('%Y-%m-%dT%H:%M:%SZ')"},
                {"sign": "hmac(join('', [secrets.key, ts]), secrets.secret, 'sha1', 'base64')"},
            ],
            "query": {"publickey": "{secrets.key}", "timestamp": "{ts}", "signature": "{sign}"},
        },
        _ingresse,
    ),
    "regiondo": Scheme(
        {
            "values": [
                {"ts": "moment('unix_ms')"},
                {
                    "sign": "hmac(join('', [ts, secrets.key, request.query]), secrets.secret,"
                    " 'sha256', 'hex')"
                },
            ],
            "headers": {
                "X-API-ID": "{secrets.key}",
                "X-API-TIME": "{ts}",
                "X-API-HASH": "{sign}",
            },
        },
        _regiondo,
    ),
    "bokun": Scheme(
        {
            "values": [
                {"ts": "moment('%Y-%m-%d %H:%M:%S')"},
                {
                    "sign": "hmac(join('', [ts, secrets.key, request.method, request.path_query]),"
                    " secrets.secret, 'sha1', 'base64')"
                },
            ],
            "headers": {
                "X-Bokun-Date": "{ts}",
                "X-Bokun-AccessKey": "{secrets.key}",
                "X-Bokun-Signature": "{sign}",
            },
        },
        _bokun,
    ),
    "ticketutils": Scheme(
        {
            "values": [{"sign": "hmac(request.path_query, secrets.secret, 'sha256', 'base64')"}],
            "headers": {"X-Token": "{secrets.key}", "X-Signature": "{sign}"},
        },
        _ticketutils,
    ),
    "lyyti": Scheme(
        {
            "values": [
                {"ts": "moment('unix')"},
                {
                    "sign": "hmac(base64(join(',', [secrets.key, ts, request.query])), secrets.secret,"
                    " 'sha256', 'hex')"
                },
            ],
            "headers": {
                "Authorization": "LYYTI-API-V2 public_key={secrets.key}, timestamp={ts}, signature={sign}"
            },
        },
        _lyyti,
    ),
    "yandex": Scheme(
        {
            "values": [
                {"ts": "moment('unix')"},
                {"sign": "hash(join('', [hash(secrets.secret, 'md5', 'hex'), ts]), 'sha1', 'hex')"},
            ],
            "query": {"auth": "{secrets.key}:{sign}:{ts}"},
        },
        _yandex,
    ),
}


def auth_of(name: str, *, key: str = KEY, secret: str = SECRET) -> dict[str, Any]:
    """The `auth` of the scheme *name* with these credentials."""
    return {
        "type": "signature",
        "secrets": {"key": key, "secret": secret},
        **SCHEMES[name].auth,
    }
