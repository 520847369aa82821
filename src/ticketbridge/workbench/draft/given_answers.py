"""What people give as saved answers: a body with what it answered, a curl command with a body, a HAR file."""

from __future__ import annotations

from collections.abc import Sequence

from ticketbridge.mapping.spec import JSON_FORMAT
from ticketbridge.workbench.draft.curl_commands import is_curl, read_curl
from ticketbridge.workbench.draft.format_guesses import read_sample_values
from ticketbridge.workbench.draft.har_samples import is_har, read_har
from ticketbridge.workbench.draft.sample_requests import GivenAnswer, SampleRequest
from ticketbridge.workbench.samples import Sample, make_sample, read_target


def read_given(asked: str, file: str, content: bytes, user: str | None) -> Sequence[GivenAnswer]:
    """Return the answers in *content*, which came of *asked*: see `samples`, or a curl command.

    A HAR file holds several. *user* says which of them count. Raises SampleError, which names *file*.
    """
    if is_curl(asked):
        request = read_curl(asked)
        return [GivenAnswer(Sample(read_target(request.url), file, content, request.sent), request)]
    sample = make_sample(asked, file, content)
    value = read_sample_values(sample, JSON_FORMAT)
    return read_har(value, file, user) if is_har(value) else [GivenAnswer(sample)]


def list_requests(given: Sequence[GivenAnswer]) -> list[SampleRequest]:
    """Return the requests whose headers are known."""
    return [each.request for each in given if each.request is not None]
