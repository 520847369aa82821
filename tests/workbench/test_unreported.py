"""A warning that is meant is silenced by its code, in a comment."""

from __future__ import annotations

import pytest

from ticketbridge.mapping import Environment
from ticketbridge.workbench.check.checking import check_text
from ticketbridge.workbench.check.codes import read_frame

VARIABLES = {
    "MENTA_SECRET": "s3cret-of-menta-tech",
    "ACME_API": "https://api.acme.example",
    "ACME_TOKEN": "t",
}


def codes(new: str, old: str = "  owner: order.email\n") -> list[str]:
    """The codes that are found in the frame with *new* in place of *old*."""
    text = read_frame().replace(old, new)
    found = check_text(text, file="acme.yaml", environment=Environment(VARIABLES))
    return [finding.code for finding in found]


@pytest.mark.parametrize(
    "text",
    [
        "  owner: lower(order.email)  # they write it in capitals: TB502\n",
        "  # They write it in capitals (TB502).\n  owner: lower(order.email)\n",
        "  # TB502: they write it in capitals,\n  # in every field.\n  owner: lower(order.email)\n",
        "  # TB502\n  owner: >-\n    lower(\n    order.email)\n",
        "  owner: |  # TB502\n    lower(order.email)\n",
    ],
)
def test_a_comment_with_the_code_silences_a_warning(text: str) -> None:
    """On the line, above it, or above the key whose text goes over lines."""
    assert codes(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "  owner: lower(order.email)\n",
        "  owner: lower(order.email)  # TB501\n",
        "  # TB502\n\n  owner: lower(order.email)\n",
        "  owner: lower(order.email)\n  # TB502\n",
        "  # TB502\n  on_violation: fail\n  owner: lower(order.email)\n",
    ],
)
def test_another_comment_silences_nothing(text: str) -> None:
    """The code of another warning, or a comment elsewhere, makes no difference."""
    assert codes(text) == ["TB502"]


def test_an_error_cannot_be_silenced() -> None:
    """What stops the mapping is said, whatever a comment says."""
    assert codes("  owner: ordr.email  # TB203\n") == ["TB203"]
