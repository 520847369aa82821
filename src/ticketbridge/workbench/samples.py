"""Saved answers of a platform in place of the platform: what `map` maps, and `draft` reads.

A sample is a file with the body of one answer; `-` is standard input. Alone it answers the
mapping's first call; `items=items.json` answers the call of that name, and `/events/7/items=items.json`
the request of that path below `base_url` (with `?query` where that matters; of a whole URL, its path and
query). Several of one name answer in their order.
`POST /search {"email": "ana@example.com"}=found.json` is the answer to a POST with that body; `draft`
reads a body that is no JSON as a form.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from ticketbridge.engine.upstream.context import AnswerContext
from ticketbridge.engine.upstream.messages import PlatformAnswer, PlatformRequest
from ticketbridge.mapping.environment import PLACEHOLDER
from ticketbridge.mapping.findings import did_you_mean
from ticketbridge.mapping.spec import JSON_FORMAT, CallSpec, MappingSpec, claimed_by
from ticketbridge.mapping.spec_compiler import TODO
from ticketbridge.terminal import UsageError
from ticketbridge.workbench.call_formats import TYPES, find_formats
from ticketbridge.workbench.cases.answer_reader import XML_TYPE
from ticketbridge.workbench.cases.case_platform import below_base
from ticketbridge.workbench.cases.case_spec import Target, name_target

MOST_BYTES = 50 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_OPEN = frozenset({PLACEHOLDER, TODO})
_REQUEST = re.compile(r"(?P<method>GET|POST)\s+(?P<target>\S+?)(\s+(?P<sent>[^\s/].*))?", re.DOTALL)


_SUFFIXES = frozenset({".csv", ".har", ".json", ".ndjson", ".txt", ".xml"})


class SampleError(UsageError):
    """A sample cannot be used, or is missing; the text says which one, and what would be right."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One saved answer; *key* is a call's name, a path, or "" for the first call.

    *sent* is the body of the POST that it answers, None of a GET.
    """

    key: str
    file: str
    content: bytes = field(repr=False)
    sent: bytes | None = field(default=None, repr=False)

    @property
    def is_xml(self) -> bool:
        """Whether it is an XML document."""
        return looks_like_xml(self.content)

    def __str__(self) -> str:
        """The name of the sample, without the query: a credential may be in it."""
        asked = _drop_query(self.key) if self.sent is None else f"POST {_drop_query(self.key)}"
        return f"{asked}={self.file}" if self.key else self.file


def _drop_query(target: str) -> str:
    path, mark, _ = target.partition("?")
    return f"{path}{'?...' if mark else ''}"


def looks_like_xml(content: bytes) -> bool:
    """Whether *content* begins as an XML document does."""
    return content.removeprefix(_BOM).lstrip().startswith(b"<")


def read_sample(argument: str) -> Sample:
    """Return the sample that an *argument* of the command line names. Raises SampleError."""
    key, file = split_argument(argument)
    return make_sample(key, file, read_content(file, key))


def split_argument(argument: str) -> tuple[str, str]:
    """Return what an *argument* of the command line says was asked, or "", and the file of the answer."""
    key, mark, file = argument.rpartition("=")
    return ("", argument) if not mark or _is_file(argument) else (key, file)


def make_sample(key: str, file: str, content: bytes) -> Sample:
    """Return the sample with that *content*; a *key* that is a URL counts by path and query.

    Raises SampleError.
    """
    request = _REQUEST.fullmatch(key)
    sent = None
    if request:
        key = request["target"]
        sent = (request["sent"] or "").encode() if request["method"] == "POST" else None
    if "://" in key:
        try:
            key = read_target(key)
        except ValueError:
            raise SampleError(f"{file}: what stands before `=` is no URL") from None
    return Sample(key, file, content, sent)


def read_target(url: str) -> str:
    """Return path and query of a whole URL. Raises ValueError."""
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _is_file(argument: str) -> bool:
    try:
        return Path(argument).is_file()
    except (OSError, ValueError):  # a URL may be longer than a file's name can be
        return False


def read_content(file: str, asked: str = "") -> bytes:
    """Return the content of a file; `-` is standard input. Raises SampleError.

    If *asked* has values, and the file that should follow was forgotten, *file* is one of these values.
    """
    try:
        with sys.stdin.buffer if file == "-" else Path(file).open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no legal path"
        named = not re.search(r"[?&{\s]", asked) or Path(file).suffix.lower() in _SUFFIXES
        shown = file if named else "what stands behind the last `=` is taken for a file"
        raise SampleError(f"{shown}: the sample cannot be read: {reason}") from None
    if len(content) > MOST_BYTES:
        raise SampleError(f"{file}: the sample is over 50 MB")
    return content


def require_json(sample: Sample) -> None:
    """Raise SampleError if *sample* is neither JSON nor XML."""
    if sample.is_xml:
        return
    try:
        msgspec.json.decode(sample.content.removeprefix(_BOM))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        hint = (
            "a sample is the body of one answer, in the format of its call, as the platform sent it"
        )
        raise SampleError(f"{sample.file}: the sample is no JSON: {error} ({hint})") from None


class SamplePlatform:
    """A last stage that answers from *samples*, each once. Raises SampleError for a call without one.

    *left* are the samples that nothing has asked for.
    """

    def __init__(self, samples: Sequence[Sample], spec: MappingSpec) -> None:
        """Raises SampleError for a sample whose key is no call of *spec*."""
        self.left = list(samples)
        self._answered: list[str] = []
        self._upstream = spec.upstream
        self._keys = claimed_by(spec.upstream.auth).parameters
        self._formats = find_formats(spec)
        self._calls = [entry.name for entry in spec.source if isinstance(entry, CallSpec)]
        for sample in samples:
            self._require_call(sample.key)

    async def send(self, request: PlatformRequest, _context: AnswerContext) -> PlatformAnswer:
        """See Send."""
        sample = self._find_sample(request)
        self.left.remove(sample)
        self._answered.append(f"{request.call} by {sample.file}")
        form = self._formats[request.call]
        if form == JSON_FORMAT:
            require_json(sample)
        media_type = XML_TYPE if sample.is_xml else TYPES[type(form)]
        base_url = self._upstream.at(request.host).base_url
        content = sample.content.replace(b"{BASE}", base_url.encode())
        headers = {"content-type": media_type, "content-length": str(len(content))}
        return PlatformAnswer(200, headers, content, request.credentials)

    def _find_sample(self, request: PlatformRequest) -> Sample:
        asked = below_base(request.url, self._upstream.at(request.host).base_url)
        target = Target.of(asked)
        first = self._calls[:1] == [request.call]
        for sample in self.left if request.host is None else ():
            if sample.key.startswith("/") and self._fits(Target.of(sample.key), target):
                return sample
        for sample in self.left:
            if sample.key == request.call or (first and not sample.key):
                return sample
        raise SampleError(self._describe_missing(request, asked))

    def _fits(self, given: Target, asked: Target) -> bool:
        """Return whether *given* is the target *asked*, except for credentials and open values.

        Open is a variable that is not set, or a TODO.
        """
        unset = {name for name, values in asked.query.items() if _OPEN & set(values)}
        query = {n: v for n, v in given.query.items() if n not in unset | self._keys}
        path = given.path
        if len(path) == len(asked.path):
            pairs = zip(path, asked.path, strict=True)
            path = tuple(a if a in _OPEN and g else g for g, a in pairs)
        return Target(path, query).fits(asked)

    def _describe_missing(self, request: PlatformRequest, asked: str) -> str:
        answered = "; ".join(self._answered)
        return (
            f"no sample answers the call `{request.call}`:"
            f" {request.method} {name_target(_drop_query(asked), request.host)}"
            + (f" (answered so far: {answered})" if answered else "")
            + f"; give it as {request.call}=FILE"
            + (f", or as '{asked.partition('?')[0]}=FILE'" if request.host is None else "")
        )

    def _require_call(self, key: str) -> None:
        if key and not key.startswith("/") and key not in self._calls:
            calls = ", ".join(self._calls)
            near = f"; {did_you_mean(key, self._calls)}".rstrip("; ")
            shown = f"`{key}`" if re.fullmatch(r"\w+", key) else "what stands before `=`"
            raise SampleError(f"{shown} is no call of this mapping: its calls are {calls}{near}")
