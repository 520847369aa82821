"""From an answer's bytes to a document, in the format that the mapping declares, losslessly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from ticketbridge.upstream.messages import PlatformAnswer

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for the body of an answer that cannot be read; *reason* is for the log."""

    reason: str


NO_BODY: Final = Unreadable("the answer has no body")


def read_json(answer: PlatformAnswer, *, any_content_type: bool) -> Any:
    """The document in *answer*, or Unreadable.

    Integers keep all their digits; NaN, Infinity, text that is not UTF-8 and half characters are refused.
    """
    if not answer.content:
        return NO_BODY
    if not any_content_type and not _says_json(answer.headers.get("content-type", "")):
        return Unreadable("the content type is not JSON")
    try:
        return msgspec.json.decode(answer.content.removeprefix(_BOM))
    except RecursionError:
        return Unreadable("the JSON is nested too deeply")
    except (msgspec.MsgspecError, ValueError) as error:
        return Unreadable(f"no valid JSON ({type(error).__name__})")


def _says_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type in {"application/json", "text/json"} or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )
