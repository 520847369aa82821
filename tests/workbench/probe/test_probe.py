"""What a probe finds at endpoints on real sockets: each fault by its name, and no other."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.workbench.probe import endpoints
from tests.workbench.probe.endpoints import OTHER, SECRET, USER, Endpoint, served
from ticketbridge.cli import main

pytestmark = pytest.mark.anyio

HEADER = ("--header", "X-Secret: ${PROBE_SECRET}")
QUICK = ("--calls", "3", "--slow", "60", "--format", "json")

FAULTS: dict[str, set[str]] = {
    "KeepsAMinute": {"storable", "cached"},
    "SaysNothingOfCaches": {"storable"},
    "FindsTooMany": {"answers-others"},
    "CentsAsText": {"contract"},
    "NumbersForIds": {"contract"},
    "EmptyUponFailure": {"answers-differ"},
    "AlwaysEmpty": {"owns-nothing"},
    "Open": {"open"},
    "OpenToEmpty": {"open"},
    "OpenToPrefixes": {"open"},
    "Trims": {"user-trimmed"},
    "PageForAnError": {"content-type", "not-json"},
    "StandsStill": {"cached"},
    "SaysThatItHit": {"cached"},
    "GivesObjects": {"contract"},
    "RefusesStrangers": {"answer-status"},
    "NamesItsDatabase": {"leak"},
    "NamesItsAddress": {"leak"},
    "FloodsAll": {"no-answer"},
    "Drips": {"no-answer"},
    "Hangs": {"no-answer"},
    "Slow": {"slow"},
    "ShowsItsTraceback": {"leak"},
    "NamesItsHost": {"leak"},
    "NamesItsUsers": {"leak"},
    "RepeatsTheSecret": {"secret-repeated"},
    "PastesIntoSql": {"query-literal"},
    "TakesSigns": {"query-literal"},
    "FailsAtQuotes": {"fails-on-input"},
    "FailsAtCapitals": {"fails-on-input"},
    "NewIds": {"ids-changed"},
    "NewShows": {"ids-changed"},
    "Twice": {"duplicate-id"},
    "AnswersPosts": {"method-answered"},
    "NoHead": {"no-allow", "head-differs"},
    "DecodesTwice": {"plus-lost"},
    "TakesTheFirst": {"bad-user-answered"},
    "AsksForCase": {"letter-case"},
    "LowersTheUser": {"user-changed"},
    "NamesOneUser": {"user-changed"},
    "BelievesAnyone": {"forwarded-believed"},
    "RefusesUnclearly": {"refusal-status"},
    "KeepsErrors": {"error-storable"},
    "AnswersEverywhere": {"no-error"},
}
"""Each wrong endpoint, and the codes of all that is to be found there."""


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE_SECRET", SECRET)


async def probed(
    url: str, capsys: pytest.CaptureFixture[str], *words: str, user: str = USER
) -> tuple[int, str]:
    """The exit code and the output of `ticketbridge probe`, which runs in a thread of its own."""
    capsys.readouterr()
    code = await asyncio.to_thread(main, ["probe", url, "--user", user, *HEADER, *QUICK, *words])
    out, err = capsys.readouterr()
    assert err == ""
    for hidden in (SECRET, SECRET[:-1]):
        assert hidden not in out
    return code, out


async def codes_at(
    endpoint: Endpoint, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, set[str]]:
    """The exit code, and the codes of the findings."""
    async with served(endpoint) as url:
        code, out = await probed(url, capsys, *words)
    return code, {found["code"] for found in json.loads(out)}


@pytest.mark.parametrize(
    "name", ["Endpoint", "RightInItsWay", "NamesItsBuild", "UnknownIs404", "LimitsCalls"]
)
async def test_nothing_is_found_at_a_right_endpoint(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing is wrong nothing is found, however it is done, and the exit code is 0."""
    assert await codes_at(getattr(endpoints, name)(), capsys) == (0, set())


async def test_users_may_be_phone_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    """Where users are no addresses, made-up ones are none either."""
    async with served(endpoints.OfPhones()) as url:
        assert await probed(url, capsys, user=endpoints.PHONE) == (0, "[]\n")


@pytest.mark.parametrize("name", list(FAULTS))
async def test_each_fault_is_named_and_no_other(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An endpoint that is wrong in one way gets the findings of that way alone."""
    words = {
        "Slow": ("--slow", "0.05"),
        "Drips": ("--timeout", "0.3"),
        "Hangs": ("--timeout", "0.3"),
    }.get(name, ())
    _, codes = await codes_at(getattr(endpoints, name)(), capsys, *words)

    assert codes == FAULTS[name]


# --- what users own -------------------------------------------------------------------------------


def expecting(folder: Path, document: object) -> tuple[str, str]:
    """The words that name a file with what users own."""
    file = folder / "expected.json"
    file.write_text(json.dumps(document), "utf-8")
    return "--expect", str(file)


async def test_who_must_own_what_is_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is listed and missing, given and not listed, or another value, has a finding each."""
    right = {USER: ["t-1", {"ticketId": "t-2", "price": 45.5}], OTHER: ["t-3"], "x@y.example": []}
    wrong = {USER: ["t-1", {"ticketId": "t-2", "price": 4550}], OTHER: ["t-4"]}

    assert await codes_at(Endpoint(), capsys, *expecting(tmp_path, right)) == (0, set())
    _, codes = await codes_at(Endpoint(), capsys, *expecting(tmp_path, wrong))
    assert codes == {"expected-missing", "expected-surplus", "expected-differs"}


async def test_anothers_ticket_is_found_by_what_users_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An endpoint that gives a user another one's ticket is found where the own ones are listed."""
    words = expecting(tmp_path, {USER: ["t-1", "t-2"]})

    assert await codes_at(endpoints.AnswersTheNext(), capsys, *words) == (1, {"expected-surplus"})


async def test_a_listed_user_without_an_answer_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A user of --expect whom the endpoint does not answer is told by the number in the file."""
    async with served(Endpoint()) as url:
        code, out = await probed(url, capsys, *expecting(tmp_path, {USER: ["t-1", "t-2"], "x": []}))
    (found,) = json.loads(out)

    assert (code, found["code"]) == (1, "answer-status")
    assert found["message"] == "There is no answer to user 2 of --expect"


# --- other contracts ------------------------------------------------------------------------------


async def test_the_older_contract_is_judged_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bare array fits `--contract lite` alone; numbers for ids do not."""
    lite = ("--contract", "lite")

    assert await codes_at(endpoints.Lite(), capsys, *lite) == (0, set())
    owned = expecting(tmp_path, {USER: ["t-1", {"id": "t-2", "state": "ok"}], OTHER: ["t-3"]})
    assert await codes_at(endpoints.Lite(), capsys, *lite, *owned) == (0, set())
    assert await codes_at(endpoints.LiteOfNumbers(), capsys, *lite) == (1, {"contract"})
    assert await codes_at(endpoints.LiteOfNobody(), capsys, *lite) == (1, {"owns-nothing"})
    code, codes = await codes_at(endpoints.Lite(), capsys)
    assert code == 1
    assert "contract" in codes


async def test_a_schema_of_ones_own_takes_the_place_of_the_bundled_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--schema` says what an answer must be."""
    file = tmp_path / "own.json"
    file.write_text('{"properties": {"tickets": {"items": {"required": ["gate"]}}}}', "utf-8")

    code, codes = await codes_at(Endpoint(), capsys, "--schema", str(file))

    assert (code, codes) == (1, {"contract"})


# --- access ---------------------------------------------------------------------------------------


async def test_a_list_of_addresses_is_seen_from_elsewhere(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With `--outsider` each pull must be refused, whatever address it names."""
    assert await codes_at(Endpoint(), capsys, "--outsider") == (1, {"open"})
    async with served(endpoints.ListedOnly()) as url:
        code, out = await probed(url, capsys, "--outsider")

    messages = [found["message"] for found in json.loads(out)]
    assert (code, messages) == (1, ["A pull with a made-up X-Real-IP is answered"])


async def test_without_a_secret_it_is_said_that_access_was_not_judged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A header without a variable is no secret; that nobody was refused is a warning then."""
    async with served(Endpoint()) as url:
        words = ["probe", url, "--user", USER, "--header", f"X-Secret: {SECRET}", *QUICK]
        code = await asyncio.to_thread(main, words)
    found = json.loads(capsys.readouterr().out)

    assert (code, [(each["code"], each["severity"]) for each in found]) == (
        0,
        [("not-judged", "warning")],
    )


async def test_a_secret_without_letters_has_no_other_case(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent in the other letter case it would be the right one, and let in."""
    digits = "4711-0815-4711-0815"
    monkeypatch.setattr(endpoints, "SECRET", digits)
    monkeypatch.setenv("PROBE_SECRET", digits)

    assert await codes_at(Endpoint(), capsys) == (0, set())


# --- how it is told -------------------------------------------------------------------------------


async def test_json_has_what_came_and_what_should(capsys: pytest.CaptureFixture[str]) -> None:
    """Each finding has code, severity, message, got, expected and why; a field is named with its place."""
    async with served(endpoints.CentsAsText()) as url:
        code, out = await probed(url, capsys)
    (found,) = json.loads(out)

    assert code == 1
    assert found.pop("why")
    assert found == {
        "code": "contract",
        "severity": "error",
        "message": "The answer breaks `type` @ $.tickets[0].price",
        "got": "text 4550",
        "expected": "number: What was paid for the ticket, in major units: 180.5, not 18050.",
    }


async def test_text_has_a_line_for_each_check(capsys: pytest.CaptureFixture[str]) -> None:
    """People see what was tried, the latency, each finding with its reason, and the sum."""
    async with served(endpoints.Open()) as url:
        code, out = await probed(url, capsys, "--format", "text")

    assert code == 1
    for part in ("ok      contract", "tickets: 2", "3 pulls: p50", "error   access"):
        assert part in out
    assert "error[open] A pull without a secret is answered" in out
    assert "why:      everybody could ask what anybody owns" in out
    assert out.splitlines()[-1].endswith("1 error, 0 warnings")


def test_what_could_not_be_tried_is_not_called_fine(capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is no answer, most checks are skipped, and are told to be."""
    words = ["probe", "http://127.0.0.1:9/tickets", "--user", USER]
    assert main(words) == 1
    marks = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    assert main([*words, "--format", "junit"]) == 1
    (suite,) = ET.fromstring(capsys.readouterr().out)  # noqa: S314 - our own
    without = [case.get("name") for case in suite if case.find("skipped") is not None]

    names = ["freshness", "repeats", "expected", "access", "users", "methods", "errors"]
    assert [mark for mark in marks if mark[0] == "skipped"] == [["skipped", n] for n in names]
    assert (without, suite.get("skipped")) == (names, "7")


async def test_junit_fails_the_check_that_found_an_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Continuous integration sees a test for each check; a warning fails none."""
    async with served(endpoints.BelievesAnyone()) as url:
        code, warned = await probed(url, capsys, "--format", "junit")
    async with served(endpoints.Open()) as url:
        _, failed = await probed(url, capsys, "--format", "junit")

    (suite,) = ET.fromstring(warned)  # noqa: S314 - our own
    assert (code, suite.get("tests"), suite.get("failures")) == (0, "9", "0")
    assert "forwarded-believed" in warned
    (suite,) = ET.fromstring(failed)  # noqa: S314 - our own
    cases = {case.get("name"): case.findall("failure") for case in suite}
    assert [name for name, failures in cases.items() if failures] == ["access"]


async def test_nothing_personal_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A finding about a field that may hold personal data says its type alone; no user is named."""

    class Nosy(Endpoint):
        def tickets_of(self, user: str) -> list[dict[str, object]]:
            owned = super().tickets_of(user)
            person = {"firstName": 4711, "Ana Lima": "x"}
            return [{**each, "primarySaleBuyerData": person, "buyer": "Lima"} for each in owned]

    for form in ("json", "text", "junit"):
        async with served(Nosy()) as url:
            code, out = await probed(url, capsys, "--format", form)
        assert code == 1
        assert "buyer" in out
        for personal in ("4711", "Lima", USER):
            assert personal not in out


# --- where it cannot begin ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["localhost/tickets"], "URL is written https://HOST/PATH"),
        (["http://ana:x@localhost/tickets"], "give secrets by --header"),
        (["http://localhost/", "--header", "t0psecret"], "--header is written 'NAME: ${VARIABLE}'"),
        (["http://localhost/", "--header", "X-A: ${NOT_SET}"], "the variable NOT_SET is not set"),
        (["http://localhost/", "--ca", "nothing.pem"], "no file with certificates"),
        (["http://localhost/", "--expect", "nothing.json"], "cannot be read"),
        (["http://localhost/", "--schema", "nothing.json"], "cannot be read"),
    ],
)
def test_what_cannot_be_used_is_one_clear_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong usage has exit code 2 and one line, which repeats no secret."""
    assert main(["probe", *words, "--user", USER]) == 2
    out, err = capsys.readouterr()

    assert out == ""
    assert said in err
    assert "t0psecret" not in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "words",
    [
        ["--calls", "1"],
        ["--calls", "201"],
        ["--calls", "x"],
        ["--slow", "0"],
        ["--slow", "x"],
        ["--timeout", "301"],
    ],
)
def test_numbers_have_bounds(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """No option makes a probe a flood, or one that never ends."""
    with pytest.raises(SystemExit) as ended:
        main(["probe", "http://127.0.0.1:9/", "--user", USER, *words])

    assert ended.value.code == 2
    assert "a number from 2 to 200" in (err := capsys.readouterr().err) or "up to 300" in err


@pytest.mark.parametrize(
    ("flag", "text", "said"),
    [
        ("--expect", "[", "this is no JSON"),
        ("--expect", "[]", '"ana@example.com": ["17"'),
        ("--expect", '{"a": 1}', '"ana@example.com": ["17"'),
        ("--expect", '{"a": [1]}', '"ana@example.com": ["17"'),
        ("--expect", '{"a": [{"price": 1}]}', '"ana@example.com": ["17"'),
        ("--schema", "[]", "this is no JSON Schema"),
        ("--schema", '{"type": 7}', "this is no JSON Schema"),
        ("--replay", '[{"at": "enter", "change": 7, "expect": {"a": []}}]', "all four points"),
        ("--replay", '[{"at": "enter", "change": [7], "expect": {"a": []}}]', "all four points"),
        ("--replay", '[{"at": "enter", "then": 7}]', "all four points"),
        ("--replay", "[7]", "all four points"),
    ],
)
def test_a_file_that_cannot_be_read_shows_how_it_is_written(
    flag: str, text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong usage has exit code 2, and names the file and what would be right."""
    file = tmp_path / "given.json"
    file.write_text(text, "utf-8")

    assert main(["probe", "http://127.0.0.1:9/", "--user", USER, flag, str(file)]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert str(file) in err


@pytest.mark.parametrize(
    ("value", "said"), [("", "its variable is empty"), ("a\nb", "a character that no header")]
)
def test_a_secret_that_is_none_is_said_and_not_shown(
    value: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither an empty secret nor one that no header can carry is sent."""
    monkeypatch.setenv("PROBE_SECRET", value)

    assert main(["probe", "http://127.0.0.1:9/", "--user", USER, *HEADER]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("url", ["http://[::1/", "http://h:99999/", "ftp://h/", "http:///x"])
def test_a_url_that_is_none_is_said(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be called is wrong usage."""
    assert main(["probe", url, "--user", USER]) == 2
    assert "URL" in capsys.readouterr().err


def test_where_nobody_listens_that_is_all_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """One finding says it; the checks that need an answer add nothing."""
    code = main(["probe", "http://127.0.0.1:9/tickets", "--user", USER, *QUICK])
    found = json.loads(capsys.readouterr().out)

    assert code == 1
    assert [each["code"] for each in found] == ["no-answer"]
