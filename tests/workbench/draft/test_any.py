"""Whatever a platform answers, a draft comes out of it, and says what is open."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ticketbridge.mapping import Environment, MappingError, parse_mapping
from ticketbridge.workbench.cases.runner import compile_for_cases
from ticketbridge.workbench.draft.documents import read_documents
from ticketbridge.workbench.draft.draft_writing import write_mapping
from ticketbridge.workbench.draft.drafting import make_mapping_draft
from ticketbridge.workbench.draft.first_case import close_open_parts, write_first_case
from ticketbridge.workbench.samples import Sample

KEYS = [
    *(
        "relationships",
        "included",
        "type",
        "attributes",
        "Status__c",
        "__c",
        "e_",
        "eventid",
        "fee",
    ),
    *("id", "ticket_id", "event", "status", "price", "cents", "currency", "email", "items", "data"),
    *("key", "value", "total", "next", "page", "@id", "a-b", "0x", "", "x:", "seat", "voided_at"),
    *(
        "quantity",
        "codes",
        "café",
        "a b",
        '"q"',
        "o'x",
        "`",
        "{h}",
        "${X}",
        "#c",
        "\u2028",
        "- ",
        "true",
    ),
]
VALUES = [
    *([31, "Open Days"], [{"id": "7", "type": "event"}], {"data": {"id": "7", "type": "event"}}),
    *(
        None,
        True,
        False,
        0,
        1,
        4550,
        12.5,
        10**30,
        "",
        "a",
        "PAID",
        "x",
        "EUR",
        "12.50",
        "true",
        "1",
    ),
    *(
        "ana@example.com",
        "2026-01-01T00:00:00Z",
        "x: y",
        "# z",
        "'",
        "\u2028",
        "{a}",
        "`",
        "\\",
        "é",
    ),
    *("https://x.example/a?page=2", "/orders?page=2"),
]
TARGETS = [
    "",
    "/orders",
    "/orders?email=ana@example.com",
    "/events/1",
    "/events/2/items",
    "/orders?page=2",
]
SENT = [
    None,
    b"",
    b"email=ana@example.com&pin=1234",
    b'{"email": "ana@example.com", "page": 1, "api_key": "k-12345678", "x": {"~/": [null, "{a}"]}}',
    b'[["for:ana@example.com", true]]',
]
ENVIRONMENT = Environment({}, missing="placeholder")
OPEN = {"TB015", "TB070", "TB209"}
"""What `check` says of a TODO: nothing is written there, no words in a table, no word that is VALID."""

answers = st.recursive(
    st.sampled_from(VALUES),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=25,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.sampled_from(TARGETS), answers, st.sampled_from(SENT)), min_size=1, max_size=3
    ),
    st.sampled_from([None, "ana@example.com"]),
)
def test_a_draft_is_a_mapping_but_for_what_is_open(
    several: list[tuple[str, Any, bytes | None]], user: str | None
) -> None:
    """Every name and expression in it is legal, and with something in place of each TODO it runs."""
    samples = [Sample(t, "x", json.dumps(answer).encode(), sent) for t, answer, sent in several]
    documents = read_documents(samples)
    drafted = make_mapping_draft(documents, "acme", user)

    assert _errors(drafted.text) <= OPEN
    compile_for_cases(
        parse_mapping(
            write_mapping(close_open_parts(drafted.parts)), file="acme", environment=ENVIRONMENT
        )
    )
    assert write_first_case(drafted, documents, user)


def _errors(text: str) -> set[str]:
    try:
        compile_for_cases(parse_mapping(text, file="acme", environment=ENVIRONMENT))
    except MappingError as error:
        return {finding.code for finding in error.findings if finding.severity == "error"}
    return set()
