"""All findings of a mapping at once, and none that only follow from another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.mapping import test_body_slips, test_slips
from tests.mapping.support import FILE, VARIABLES, change, findings
from ticketbridge.mapping import Environment
from ticketbridge.mapping.findings import Finding
from ticketbridge.workbench.check.checking import check_files, check_text

COMPLETE = (
    "price: item.price",
    (
        "price: item.price\n    externalReferenceEventId: item.event\n    showId: item.show\n"
        "    ticketOptionId: item.zone\n    currency: item.cur"
    ),
)


def checked(*changes: tuple[str, str]) -> list[Finding]:
    """What `check` finds in the good mapping, made complete, with *changes*."""
    return list(check_text(change(*changes), file=FILE, environment=Environment(VARIABLES)))


def codes(found: list[Finding]) -> list[str]:
    """Each finding as `line code`."""
    return [f"{finding.place.line} {finding.code}" for finding in found]


def slips() -> list[Any]:
    """Each slip that the tests of the reader make, with the pair of texts that makes it.

    Without those that take the pages from under a template that uses them: that is two slips.
    """
    own = [*test_slips.YAML_AND_STRUCTURE, *test_slips.MEANING]
    bodies = [
        pytest.param("get: /customers\n", f"{slip.values[0]}\n", id=f"body-{slip.id}")
        for slip in test_body_slips.SLIPS
    ]
    whole = [slip for slip in own if not str(slip.id).startswith("empty-below-a")]
    return [pytest.param(*slip.values[:2], id=slip.id) for slip in whole] + bodies


@pytest.mark.parametrize(("old", "new"), slips())
def test_what_follows_from_a_slip_is_not_reported(old: str, new: str) -> None:
    """One slip is one finding also where all the rest is compiled and held to the contract."""
    expected = findings(change((old, new)))

    found = [finding for finding in checked((old, new)) if finding.code != "TB302"]

    assert found == list(expected)


def test_the_complete_mapping_is_good() -> None:
    """The mapping that the slips are made in has all that the contract needs."""
    assert checked(COMPLETE) == []


def test_slips_of_all_kinds_are_found_in_one_run() -> None:
    """A wrong key hides no wrong expression, and neither hides a field that the contract lacks."""
    found = checked(
        ("timeout: 8s", "timeuot: 8s"),
        ("page.number >= body.pages", "page.number >= bdoy.pages"),
        ("owner: order.email", "owner: order..email"),
        ("PAID: VALID", "PAID: VLAID"),
        ("item.resold_to != `null`", "itm.resold_to != `null`"),
        ("price: item.price", "prize: item.price"),
    )

    assert codes(found) == [
        "9 TB010",
        "22 TB203",
        "27 TB201",
        "28 TB070",
        "30 TB203",
        "32 TB302",
        "33 TB301",
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param([("name: order", "nmae: order")], ["19 TB010"], id="name-misspelt"),
        pytest.param([("name: order", "name: Order")], ["19 TB014"], id="name-malformed"),
        pytest.param(
            [("    pages: {number: {start: 1}, last: page.number >= body.pages}", "    pagse: 1")],
            ["22 TB010"],
            id="no-pages",
        ),
        pytest.param(
            [
                (", last: page.number >= body.pages}", ", lsat: page.number >= body.pages}"),
                ("each: body.data", "each: body.data[?a == `1`]"),
            ],
            ["22 TB010"],
            id="no-last",
        ),
        pytest.param([("source:", "sorce:")], ["12 TB010"], id="no-source"),
        pytest.param([("  fields:\n", "  feilds:\n")], ["31 TB010"], id="no-fields"),
        pytest.param(
            [("  ineligible: omit", "  ineligible: omit\nresponse: {schema: gone.json}")],
            ["41 TB081"],
            id="no-schema",
        ),
        pytest.param(
            [
                ("owner: order.email", "owner: upstream"),
                ('query: {email: "{user}"}', "qurey: {a: b}"),
            ],
            ["15 TB010"],
            id="no-query",
        ),
        pytest.param(
            [("owner: order.email", "owner: oder.email"), ("- name: item", "- name: 7")],
            ["24 TB012"],
            id="a-broken-name-and-an-unknown-one",
        ),
        pytest.param(
            [("owner: order.email", "owner: oder.email"), ("get: /customers\n", "get: 7\n")],
            ["14 TB012", "27 TB203"],
            id="a-broken-path-and-an-unknown-name",
        ),
        pytest.param(
            [("take: body.data[0]", "tkae: bdy"), ("each: body.data", "each: bdy.data")],
            ["18 TB010", "23 TB203"],
            id="two-entries",
        ),
    ],
)
def test_what_is_broken_is_asked_no_more(
    changes: list[tuple[str, str]], expected: list[str]
) -> None:
    """Names, fields and a schema that may be there after the repair are not missed."""
    assert codes(checked(COMPLETE, *changes)) == expected


def test_files_are_checked_each_by_itself(tmp_path: Path) -> None:
    """What cannot be read is a finding of its file, and the others are checked all the same."""
    (tmp_path / "a.yaml").write_bytes(b"\xff")
    (tmp_path / "b.yaml").write_text("version: 2")

    found = check_files([tmp_path / "a.yaml", tmp_path / "b.yaml"], Environment({}))

    assert {(Path(f.place.file).name, f.code) for f in found} >= {
        ("a.yaml", "TB001"),
        ("b.yaml", "TB013"),
    }
