"""The studio's page in a real Chromium, point by point."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import pytest
from selenium.webdriver.common.keys import Keys

from tests.workbench.studio.browsing import MAPPINGS, StudioPage, wait_until
from tests.workbench.studio.conftest import OpenPage
from ticketbridge.demo.running import Demo, running_demo
from ticketbridge.mapping import Environment
from ticketbridge.workbench.check.checking import check_files

AXE = (Path(__file__).parent / "axe.min.js").read_text("utf-8")


def swap(page: StudioPage, old: str, new: str) -> None:
    """Delete *old* in the editor, character by character, and type *new*."""
    page.go_to_line_with(old)
    page.type(Keys.BACKSPACE * len(old) + new)
    page.press(Keys.ESCAPE)


# --- 1: three panes that move together ------------------------------------------------------------


def test_each_keystroke_runs_and_only_the_command_saves(
    open_page: OpenPage, demo_file: Path
) -> None:
    """What is typed shows in the tickets at once; the file changes by Ctrl+S alone, and keeps comments."""
    before = demo_file.read_text("utf-8")
    page = open_page()
    page.see("#records .line", "180.5 EUR, event 4711")
    swap(page, "order.event.id\n    showId".partition("\n")[0], "order.id")
    page.see("#records .line", "180.5 EUR, event 90011")
    page.see("#dirty", "not saved")
    assert demo_file.read_text("utf-8") == before
    page.chord(Keys.CONTROL, "s")
    page.see("#toast", "demo.yaml is saved")
    due = before.replace("EventId: order.event.id", "EventId: order.id")
    assert demo_file.read_text("utf-8") == due
    assert "# 18050 eur: 180.5" in due


def test_what_may_stand_at_the_cursor_is_offered_and_explained(open_page: OpenPage) -> None:
    """Keys come from the mapping's schema, members from the platform's answer, functions with their help."""
    page = open_page()
    page.go_to_line_with("    buyer: order.")
    page.chord(Keys.CONTROL, Keys.DELETE)

    def see_offered(word: str) -> None:
        """A person who sees nothing yet asks again; too soon, a busy machine never answers."""
        patience = [0.2]

        def is_offered() -> bool:
            page.chord(Keys.CONTROL, Keys.SPACE)
            patience.append(patience[-1] * 2)
            time.sleep(patience[-1])
            return any(word in each for each in page.texts(".cm-tooltip-autocomplete li"))

        page.wait_for(is_offered)

    see_offered("bought_by")
    assert any("channel" in each for each in page.texts(".cm-tooltip-autocomplete li"))
    page.press(Keys.ESCAPE)
    page.type("ch")
    see_offered("channel")
    page.click(".cm-tooltip-autocomplete li", "channel")
    page.wait_for(lambda: "buyer: order.channel" in page.mapping)
    page.hover(".cm-line span", "responses")
    page.see(".cm-tooltip .hover", "Ordered rules for the platform's answers")


def test_a_finding_stands_at_its_line_and_its_repair_is_one_click(open_page: OpenPage) -> None:
    """An unknown key and an unknown function are found while typing, and one click each mends them."""
    page = open_page()
    good = page.mapping
    swap(page, "upper", "uper")
    swap(page, "from: item", "form: item")
    page.see("#problems", "unknown key `form`")
    page.see("#problems", "there is no function uper()")
    page.see("#tickets-about", "of the last mapping without errors")
    page.one(".cm-lint-marker-error")
    page.click("#problems .repair", "write from for form")
    page.click("#problems .repair", "write upper for uper")
    page.see("#mapping-about", "0 errors")
    assert page.mapping == good


def test_a_finding_in_the_cases_stands_in_the_list_alone(
    open_page: OpenPage, demo_file: Path
) -> None:
    """Its line is one of another file: no line of the mapping is marked."""
    page = open_page()
    page.see("#mapping-about", "0 errors")
    demo_file.with_suffix(".cases.yaml").write_text("\n\n- case: 1\n", "utf-8")
    swap(page, "upper", "upper")
    page.see("#problems", "demo.cases.yaml, line 3")
    page.see("#problem", "demo.cases.yaml has errors")
    assert not page.texts(".cm-lint-marker-error")
    assert not page.texts("#problems button.place")


def test_answers_come_from_a_case_a_paste_or_the_platform(
    open_page: OpenPage, demo_file: Path
) -> None:
    """A case is chosen by its name, an answer is pasted, and one real call is made on command."""
    with running_platform() as demo:
        variables = {"DEMO_API": demo.api, "DEMO_TOKEN": demo.token, "DEMO_SECRET": demo.secret}
        page = open_page(demo_file, variables)
        page.select_source("refunded, and one that was used")
        page.see("#counts", "not eligible: REFUNDED")
        page.click("#add-sample")
        page.click("#sample-target")
        page.type("/customers")
        page.click("#sample-content")
        page.type(json.dumps({"customer": {"number": "7", "email": "ana@example.com"}}))
        page.click("#sample-use")
        page.see("#waterfall", "no sample answers the call `order`")
        page.see("#tree .row", "number: 7")
        page.click("#fetch")
        page.click("#fetch-user")
        page.chord(Keys.CONTROL, "a")
        page.type("ana@example.com")
        page.click("#fetch-go")
        page.see("#counts", "4 returned")
        assert demo.token not in page.run("return document.documentElement.outerHTML")


@contextmanager
def running_platform() -> Iterator[Demo]:
    """The demo's platform on a socket, in a thread."""
    started: list[Demo] = []
    done = threading.Event()

    async def run() -> None:
        async with running_demo(0) as demo:
            started.append(demo)
            await anyio.to_thread.run_sync(done.wait)

    thread = threading.Thread(target=lambda: anyio.run(run))
    thread.start()
    try:
        wait_until(lambda: started)
        yield started[0]
    finally:
        done.set()
        thread.join()


# --- 2: pointing ----------------------------------------------------------------------------------


def test_a_value_is_pointed_to_a_field(open_page: OpenPage) -> None:
    """A click on a value and the name of a field write its expression; undo takes it back."""
    page = open_page()
    page.point("title: Los Faroles", "nominalTicket.fullName")
    page.see("#record tbody tr", "nominalTicket.fullName")
    assert page.mapping.endswith("    nominalTicket:\n      fullName: order.event.title\n")
    page.click("#toast button", "Undo")
    page.wait_for(lambda: "nominalTicket" not in page.mapping)


def test_the_best_guesses_of_a_field_are_taken_by_a_key(open_page: OpenPage) -> None:
    """The guesses of `draft` for a field come with their reasons, and 1 takes the first."""
    page = open_page()
    swap(page, "item.ticket_no", "item.state")
    page.see("#problem", "mapping-mismatch")
    page.click("#record .name", "ticketId")
    page.see("#chooser-list", "item.ticket_no")
    page.see("#chooser-list", "sure: different in all 5 records")
    page.press("1")
    page.see("#records .line", "00020733")
    assert "    ticketId: item.ticket_no\n" in page.mapping


def test_status_words_are_sorted_by_keys_and_by_dragging(open_page: OpenPage) -> None:
    """n makes a word not eligible, u unknown; dragged to the valid ones it is VALID."""
    page = open_page()
    page.click("[data-tab=words]")
    page.click(".words.valid .word", "ISSUED")
    page.press("n")
    page.see(".words.not", "ISSUED")
    page.see("#counts", "not eligible: ISSUED")
    page.one(".words.not .word", "CANCELLED")
    drag(page, "CANCELLED", "valid")
    page.see(".words.valid", "CANCELLED")
    page.wait_for(lambda: "      CANCELLED: VALID\n" in page.mapping)
    page.click(".words.not .word", "TRANSFERRED")
    page.press("u")
    page.see("#counts", "unknown status")
    page.see("#problem", "mapping-mismatch")


def drag(page: StudioPage, word: str, place: str) -> None:
    """Drag a status word to another place."""
    script = """
        const data = new DataTransfer();
        const word = document.querySelector(`[data-word="${arguments[0]}"]`);
        const place = document.querySelector(`[data-place="${arguments[1]}"]`);
        word.dispatchEvent(new DragEvent('dragstart', {dataTransfer: data, bubbles: true}));
        place.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true}));"""
    page.run(script, word, place)
    page.actions += 1


# --- 3: where everything comes from ---------------------------------------------------------------


def test_a_field_lights_up_what_it_read_and_a_value_its_readers(open_page: OpenPage) -> None:
    """Hover a field: its expression and the values that it read light up; hover a value: the same, back."""
    page = open_page()
    page.see("#tree .row", "amount_cents")
    page.hover("#record .name", "price")
    page.wait_for(
        lambda: (
            page.texts("#tree .lit") == ["amount_cents: 18050", "cur: eur"]
            and "price: minor_units" in page.text(".cm-lit")
        )
    )
    page.hover("#tree .row", "channel: web")
    page.wait_for(
        lambda: (
            [e.split("\n")[0] for e in page.texts("#record tr.lit")]
            == ['tags.channel\t"web"\torder.channel']
        )
    )
    page.see(".cm-lit", "channel: order.channel")
    page.go_to_line_with("    currency: upper")
    page.wait_for(lambda: page.texts("#tree .lit") == ["cur: eur"])
    page.click("#records .line", "00020733")
    page.see("#record h3", "Record 3")
    page.hover("#tree .row", "ticket_no: 00020417")
    page.wait_for(lambda: ["00020417" in each for each in page.texts("#records .lit")] == [True])
    page.see(".cm-lit", "ticketId: item.ticket_no")


def test_each_record_has_its_verdict_and_the_counts_add_up(open_page: OpenPage) -> None:
    """Records that are left out are shown with the reason; the verdicts add up to the records."""
    page = open_page()
    page.see("#counts .total", "5 records")
    assert sum(int(each) for each in page.texts("#counts .chip b")) == 5
    page.click("#records .line", "not eligible: CANCELED")
    page.see("#record h3", "Record 2: not eligible: CANCELED")
    page.see("#record tbody tr.lit, #record tbody tr", 'gave "CANCELLED"')
    page.click("#counts .chip", "TRANSFERRED")
    page.wait_for(lambda: len(page.all("#records .line")) == 2)


def test_calls_are_a_waterfall_and_the_source_is_a_flow(open_page: OpenPage) -> None:
    """Each call has its bar, which opens its answer; the flow leads from the user to the tickets."""
    page = open_page()
    page.wait_for(lambda: len(page.all("#waterfall .call .took")) == 3)
    page.click("#waterfall .call", "customer")
    page.see("#tree .row", "email: (e-mail)")
    flow = " ".join(page.texts("#flow li")).replace("\n", " ")
    for step in (
        "user",
        "customer take \u00d71, 1 call",
        "order each \u00d73, 2 calls",
        "item each \u00d75",
        "3 tickets",
    ):
        assert step in flow
    page.click("#flow button", "order")
    page.see(".cm-activeLine", "name: order")


# --- 4: cases -------------------------------------------------------------------------------------


def test_cases_run_with_each_change_and_show_what_differs(open_page: OpenPage) -> None:
    """All pass; after a change some fail, with what was due and what came."""
    page = open_page()
    page.see("#cases-badge", "9 ✓")
    swap(page, "item.zone.code", "item.zone.name")
    page.see("#cases-badge", "✕")
    page.click("[data-view=cases]")
    page.one(".case.failed del", '"007"')
    page.one(".case.failed ins", '"Stalls"')
    page.click(".case button", "Show its answers")
    page.see("#tree", "customer")


def test_gaps_of_the_cases_are_marked_in_the_margin(open_page: OpenPage, demo_file: Path) -> None:
    """With one case alone, what it leaves out is listed, and marked at its line."""
    cases = demo_file.with_name("demo.cases.yaml")
    text = cases.read_text("utf-8")
    start = text.index("- case: a ticket that was refunded")
    cases.write_text(text[:start], "utf-8")
    page = open_page()
    page.click("[data-view=cases]")
    page.click("#find-gaps")
    page.see("#gaps", "no record has status `REFUNDED`")
    page.see("#gaps", "no case notices:")
    page.click("#gaps .place", "line")
    page.one(".gap")
    assert any(page.texts(".gap.mutant"))


def test_a_case_is_made_of_what_is_on_screen(open_page: OpenPage, demo_file: Path) -> None:
    """The case has made-up data in place of personal data, and stands in the cases file once it is kept."""
    cases = demo_file.with_name("demo.cases.yaml")
    before = cases.read_text("utf-8")
    page = open_page()
    page.click("[data-view=cases]")
    page.click("#case-name")
    page.type("from the screen")
    page.press(Keys.ENTER)
    page.see("#case-text", "user: user@example.com")
    assert "ana@example.com" not in page.text("#case-text")
    assert cases.read_text("utf-8") == before
    page.click("#keep-case")
    page.see("#case-list", "from the screen")
    page.see("#cases-badge", "10 ✓")
    assert cases.read_text("utf-8").startswith(before.rstrip())


# --- 5: the expression box, and the sheet ---------------------------------------------------------


def test_an_expression_is_tried_on_any_node(open_page: OpenPage) -> None:
    """e on a value opens the box with its path; roots, values, errors and functions are shown."""
    page = open_page()
    page.click("#tree .row", "channel: web")
    page.press(Keys.ESCAPE)
    page.click("#tree .row", "customer: {2}")
    page.press("e")
    page.see("#box-result", "(an object)")
    page.see("#box-roots", "body, status, headers")
    page.click("#expression")
    page.chord(Keys.CONTROL, "a")
    page.type("sum(body.orders[].items[].amount_cents)")
    page.see("#box-result", "45298")
    page.type(" + nothing")
    page.wait_for(lambda: "problem" in str(page.one("#box-result").get_attribute("class")))
    page.click("#functions")
    page.see("dl.functions dt", "minor_units(amount, currency)")
    page.press(Keys.ESCAPE)


def test_the_contract_sheet_is_a_view(open_page: OpenPage) -> None:
    """The sheet of the text in the editor is shown, with nothing but its own style."""
    page = open_page()
    page.click("[data-view=sheet]")
    frame = page.one("#sheet-frame")
    page.wait_for(lambda: "sheet?" in str(frame.get_attribute("src")))
    page.browser.switch_to.frame(frame)
    page.see("h1", "Lantern Live")
    page.browser.switch_to.default_content()


# --- 6: for people --------------------------------------------------------------------------------


def look_with_axe(page: StudioPage, rules: Sequence[str]) -> list[str]:
    """Return what axe finds, with the elements; of these *rules*, or of all."""
    page.run(AXE)
    script = """
        const [rules, done] = arguments;
        const runOnly = rules.length ? {runOnly: rules} : {};
        axe.run(document, {resultTypes: ['violations'], ...runOnly}).then(found => done(found.violations.map(
            each => `${each.id}: ${each.nodes.map(node => node.target.join(' ')).join(', ')}`)));"""
    return list(page.browser.execute_async_script(script, rules))


@pytest.mark.parametrize(("theme", "rules"), [("light", []), ("dark", ["color-contrast"])])
def test_axe_finds_nothing(open_page: OpenPage, theme: str, rules: list[str]) -> None:
    """Each view and each dialog is accessible; in the dark only the colours are others."""
    page = open_page()
    page.run("document.documentElement.dataset.theme = arguments[0]", theme)
    swap(page, "upper(item.cur", "uper(item.cur")
    page.see("#problems .repair", "write upper")
    found = look_with_axe(page, rules)
    page.chord(Keys.CONTROL, "z")
    page.chord(Keys.CONTROL, "z")
    page.chord(Keys.ALT, "w")
    page.one(".word")
    found += look_with_axe(page, rules)
    page.click("[data-view=cases]")
    page.one(".case")
    found += look_with_axe(page, rules)
    page.click("[data-view=work]")
    page.click("#tree .row", "channel: web")
    page.one("#chooser[open]")
    found += look_with_axe(page, rules)
    page.press(Keys.ESCAPE)
    page.click("#add-sample")
    found += look_with_axe(page, rules)

    assert "\n".join(found) == ""


def test_everything_is_done_by_keys(open_page: OpenPage) -> None:
    """From the tree to a field, the words, the cases and back, no pointer is needed."""
    page = open_page()
    page.chord(Keys.ALT, "1")
    page.press(Keys.END, Keys.ARROW_UP, Keys.HOME, Keys.ARROW_LEFT)
    page.see("#tree [aria-expanded=false]", "{4}")
    page.press(Keys.ARROW_RIGHT, *[Keys.ARROW_DOWN] * 6, Keys.ENTER)
    page.see("#chooser-title", "id: 90011")
    page.choose_field("nominalTicket.identification")
    page.wait_for(lambda: "identification: order.id" in page.mapping)
    page.chord(Keys.ALT, "3")
    page.press(Keys.HOME, Keys.ARROW_DOWN)
    page.see("#record h3", "Record 2")
    page.chord(Keys.ALT, "c")
    page.one(".case")
    page.chord(Keys.ALT, "c")
    page.chord(Keys.ALT, "e")
    page.type("user")
    page.see("#box-result", "(text)")


def test_two_thousand_records_are_shown_by_those_in_sight(
    open_page: OpenPage, tmp_path: Path
) -> None:
    """Of 2,000 records and their answer only the rows in sight are elements; the last one is reached."""
    page = open_page(write_many(tmp_path, 2000))
    page.see("#counts .total", "2,000 records")
    page.see("#records .line", "T00000")
    assert len(page.all("#records .line")) < 100
    assert len(page.all("#tree .row")) < 150
    page.chord(Keys.ALT, "3")
    page.press(Keys.END)
    page.see("#record h3", "Record 2000")
    page.hover("#record .name", "ticketId")
    page.see("#tree .lit", "T01999")


def write_many(folder: Path, number: int) -> Path:
    """Write a mapping with a case of so many records, and return its path."""
    items = [
        {
            "ticket_no": f"T{at:05}",
            "state": "PAID",
            "amount_cents": 1000 + at,
            "cur": "eur",
            "scanned_at": None,
            "zone": {"code": "A", "name": "Stalls"},
        }
        for at in range(number)
    ]
    order = {
        "id": 1,
        "channel": "web",
        "customer": {"email": "ana@example.com"},
        "bought_by": "ana@example.com",
        "event": {"id": 4711, "performance": None},
        "items": items,
    }
    answers: list[dict[str, Any]] = [
        {"get": "/customers", "body": {"customer": {"number": "7", "email": "ana@example.com"}}},
        {
            "get": "/customers/7/orders",
            "body": {"page_count": 1, "order_count": 1, "orders": [order]},
        },
    ]
    case = {
        "case": "many",
        "user": "ana@example.com",
        "upstream": answers,
        "expect": {"verdicts": {"returned": number}},
    }
    shutil.copy(MAPPINGS / "demo.yaml", folder / "many.yaml")
    (folder / "many.cases.yaml").write_text(json.dumps([case]), "utf-8")
    return folder / "many.yaml"


def test_nothing_is_asked_of_anyone_else(open_page: OpenPage) -> None:
    """Every request of the page goes to the studio itself."""
    page = open_page()
    page.click("[data-view=sheet]")
    page.one("#sheet-frame")
    script = "return [location.href, ...performance.getEntriesByType('resource').map(e => e.name)]"
    asked = [urlsplit(url) for url in page.run(script)]

    assert len(asked) > 10
    assert {url.netloc for url in asked} == {asked[0].netloc}


# --- 7: safe --------------------------------------------------------------------------------------


def test_personal_data_is_masked_until_it_is_asked_for(open_page: OpenPage) -> None:
    """Neither the answers nor the tickets show an address; one click does, and masks it again."""
    page = open_page()
    page.see("#tree .row", "bought_by: (e-mail)")
    page.click("[data-tab=body]")
    page.see("#body", '"buyer": "(e-mail)"')
    page.click("[data-tab=records]")
    page.click("#personal")
    page.see("#tree .row", "bought_by: ana@example.com")
    page.see("#record tbody tr", '"ana@example.com"')
    page.click("#personal")
    page.see("#tree .row", "bought_by: (e-mail)")


# --- whole jobs, by clicks and typing alone -------------------------------------------------------


def test_three_planted_errors_are_mended(open_page: OpenPage, demo_file: Path) -> None:
    """A misspelt key, a field that the platform does not have and a missing status word: seven actions."""
    good = demo_file.read_text("utf-8")
    planted = good.replace("from: item.state", "form: item.state").replace(
        "      ISSUED: VALID\n", ""
    )
    demo_file.write_text(planted.replace("item.amount_cents", "item.amout_cents"), "utf-8")
    page = open_page()
    page.click("#problems .repair", "write from for form")
    page.click("#problems .repair", "write amount_cents for amout_cents")
    page.click("[data-tab=words]")
    page.click(".words.unknown .word", "ISSUED")
    page.press("v")
    page.see("#counts", "3 returned")
    page.see("#cases-badge", "9 ✓")
    page.chord(Keys.CONTROL, "s")
    page.see("#toast", "is saved")

    mended = demo_file.read_text("utf-8")
    assert sorted(mended.splitlines()) == sorted(good.splitlines())
    assert page.actions <= 7


BOOKINGS = {
    "data": [
        {
            "id": "bkg_1",
            "type": "booking",
            "attributes": {
                "reference": "AB12-0001",
                "channel": "online",
                "customer": {
                    "first_name": "Ana",
                    "last_name": "Ferrer",
                    "email": "ana@example.com",
                },
            },
            "relationships": {"event_date": {"data": {"id": "evd_9", "type": "event_date"}}},
            "tickets": [
                {
                    "id": "tkt_11",
                    "state": "sold",
                    "face_value": 2500,
                    "ticket_type": {"id": "typ_1"},
                },
                {
                    "id": "tkt_12",
                    "state": "void",
                    "face_value": 2500,
                    "ticket_type": {"id": "typ_1"},
                },
            ],
        },
        {
            "id": "bkg_2",
            "type": "booking",
            "attributes": {
                "reference": "AB12-0002",
                "channel": "online",
                "customer": {
                    "first_name": "Ana",
                    "last_name": "Ferrer",
                    "email": "ana@example.com",
                },
            },
            "relationships": {"event_date": {"data": {"id": "evd_8", "type": "event_date"}}},
            "tickets": [
                {
                    "id": "tkt_21",
                    "state": "sold",
                    "face_value": 1800,
                    "ticket_type": {"id": "typ_2"},
                },
            ],
        },
    ],
    "included": [
        {"id": "evd_9", "type": "event_date", "event": "evt_55", "currency": "GBP"},
        {"id": "evd_8", "type": "event_date", "event": "evt_56", "currency": "GBP"},
    ],
    "meta": {"total": 2, "current_page": 1, "last_page": 1},
}
"""An answer as a British box office gives them: bookings, and beside them what they refer to."""


def test_a_mapping_is_made_from_a_sample(open_page: OpenPage, tmp_path: Path) -> None:
    """From a pasted answer to a saved mapping without errors, joins and all: some twenty actions."""
    file = tmp_path / "boxoffice.yaml"
    page = open_page(file)
    page.click("#add-sample")
    page.type("/bookings?customer=ana@example.com&page=1")
    page.click("#sample-user")
    page.chord(Keys.CONTROL, "a")
    page.type("ana@example.com")
    page.click("#sample-content")
    page.type(json.dumps(BOOKINGS))
    page.click("#sample-draft")
    page.see("#tickets-about", "2 things still TODO")
    page.chord(Keys.ALT, "1")
    page.press(Keys.END)
    page.point("currency: GBP", "currency")
    page.see("#tickets-about", "1 thing still TODO")
    page.point("event: evt_55", "externalReferenceEventId")
    page.see("#counts", "2 returned")
    page.press(Keys.HOME)
    page.point("face_value: 2500", "price")
    page.wait_for(lambda: "price: minor_units(ticket.face_value, lookup(" in page.mapping)
    page.see("#records .line", "25 GBP, event evt_55")
    page.chord(Keys.CONTROL, "s")
    page.see("#toast", "is saved")

    found = check_files([file], Environment({}, missing="placeholder"))
    assert [str(finding) for finding in found if finding.code != "TB021"] == []
    assert "lookup(answer.included, 'id', booking.relationships.event_date.data.id).event" in (
        file.read_text("utf-8")
    )
    assert page.actions <= 25
