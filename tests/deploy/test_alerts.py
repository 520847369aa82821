"""The alerts of `deploy/prometheus/alerts.yaml`, asked by Prometheus' own `promtool test rules`."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.programs import program, series_of
from ticketbridge.service.metric_specs import all_metrics

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "alerts.yaml"
ALERTS: list[dict[str, Any]] = yaml.safe_load(RULES.read_text("utf-8"))["groups"][0]["rules"]
UNITS = re.compile(r"ticketbridge_[a-z_]+")

FLAT, RISES = "0x60", "0+1x60"
NEVER, ONCE = "0x60", "0x9 1x50"
"""Values of a series, one a minute: for one hour."""

Series = Mapping[str, str]


@dataclass(frozen=True)
class Scenario:
    """What goes wrong, and what looks like it and is fine: series, one value a minute.

    *labels* are those of the alert, which fires at *at* (`10m`). *also* is more of both kinds.
    """

    wrong: Series
    fine: Series
    labels: Mapping[str, str] = field(default_factory=lambda: {"platform": "acme"})
    at: str = "12m"
    also: Sequence[Scenario] = ()


def answers(problem: str, status: int = 502) -> str:
    """The series of answers with that problem."""
    return f'ticketbridge_answers_total{{platform="acme",status="{status}",problem="{problem}"}}'


def once(series: str) -> Scenario:
    """One event is enough."""
    return Scenario({series: ONCE}, {series: NEVER})


GOOD = answers("none", 200)
ANSWER = 'ticketbridge_answer_duration_seconds_bucket{platform="acme",le="%s"}'
TURNS = 'ticketbridge_turn_wait_seconds_total{platform="acme"}'
RATES = 'ticketbridge_rate_wait_seconds_total{platform="acme"}'
SPENT = 'ticketbridge_answer_duration_seconds_sum{platform="acme"}'
REFUSED_REQUESTS = 'ticketbridge_refused_requests_total{instance="a",problem="%s"}'
REFUSED = 'ticketbridge_refused_callers_total{platform="acme",reason="secret"}'
FIELD = 'ticketbridge_sampled_fields_total{platform="acme",field="props.seating.row",result="%s"}'
LOGINS = 'ticketbridge_logins_total{platform="acme"}'
CALLS = 'ticketbridge_calls_total{platform="acme"}'
BREAKER = 'ticketbridge_breaker_state{platform="acme",instance="a",state="%s"}'
CLOSED, HALF_OPEN, OPEN = (BREAKER % state for state in ("closed", "half-open", "open"))
UNAVAILABLE = answers("upstream-unavailable", 503)
INFO = 'ticketbridge_mapping_info{platform="acme",instance="%s",digest="%s"}'
UP = 'up{job="ticketbridge",instance="a:9464"}'
BROKEN = 'ticketbridge_mapping_broken{mapping="acme.yaml",instance="a"}'

SCENARIOS: Mapping[str, Scenario] = {
    "TicketbridgeDown": Scenario(
        {UP: "0x60"},
        {UP: "1x60", 'up{job="other",instance="b"}': "0x60"},
        {"instance": "a:9464", "job": "ticketbridge"},
    ),
    "TicketbridgeDefect": once(answers("internal-error", 500)),
    "TicketbridgePlatformDown": Scenario(
        # Each call that is let through fails, now and then between two readings.
        {OPEN: "1 0 1 0 1x60", HALF_OPEN: "0 1 0 1 0x60", UNAVAILABLE: "0+9x60"},
        # It may be back: nobody has asked for a while.
        {OPEN: "0x10 1 0x50", HALF_OPEN: "0x11 1x49", UNAVAILABLE: "0x10 10x50"},
        at="20m",
        also=[
            Scenario(
                {HALF_OPEN: "1x60", answers("upstream-timeout", 504): RISES},
                {CLOSED: "1x60", OPEN: "0x60", UNAVAILABLE: RISES},
            ),
            # Nobody asks after a short failure.
            Scenario(
                {OPEN: "1x60", answers("upstream-error"): RISES},
                {OPEN: "0x10 1 0x50", HALF_OPEN: "0x11 1x49", UNAVAILABLE: "0x10 10x50"},
                at="12m",
            ),
        ],
    ),
    "TicketbridgePlatformFails": Scenario(
        {GOOD: "0+90x60", answers("upstream-error"): "0+10x60"},
        {GOOD: "0+99x60", answers("upstream-error"): "0+1x60", answers("unauthorized", 401): RISES},
    ),
    "TicketbridgeCredentialsRefused": once(answers("upstream-auth")),
    "TicketbridgeMappingMismatch": once(answers("mapping-mismatch")),
    "TicketbridgeUnreadable": once(answers("upstream-unreadable")),
    "TicketbridgeUnknownStatus": once(
        'ticketbridge_verdicts_total{platform="acme",verdict="unknown_status",detail=""}'
    ),
    "TicketbridgeFieldVanishes": Scenario(
        {FIELD % "given": "0+10x1440 14400+0x120", FIELD % "left_out": "0x1440 0+10x120"},
        {FIELD % "given": "0+10x1560", FIELD % "left_out": "0+1x1560"},
        {"platform": "acme", "field": "props.seating.row"},
        at="1500m",
    ),
    "TicketbridgeFieldFails": Scenario(
        {FIELD % "failed": ONCE},
        {FIELD % "failed": NEVER, FIELD % "given": RISES},
        {"platform": "acme", "field": "props.seating.row"},
    ),
    "TicketbridgeNewKeys": once('ticketbridge_new_keys_total{platform="acme"}'),
    "TicketbridgeSlow": Scenario(
        {ANSWER % "2.5": "0+90x60", ANSWER % "5.0": "0+100x60", ANSWER % "+Inf": "0+100x60"},
        {ANSWER % "2.5": "0+99x60", ANSWER % "5.0": "0+100x60", ANSWER % "+Inf": "0+100x60"},
        at="20m",
    ),
    "TicketbridgeWaits": Scenario(
        {TURNS: "0+2x60", RATES: "0+1x60", SPENT: "0+10x60"},
        {TURNS: "0+1x60", RATES: "0+1x60", SPENT: "0+10x60"},
        at="20m",
    ),
    "TicketbridgeOverloaded": Scenario(
        {answers("overloaded", 503): ONCE},
        {answers("overloaded", 503): NEVER},
        also=[
            Scenario(
                {REFUSED_REQUESTS % "overloaded": ONCE},
                {REFUSED_REQUESTS % "overloaded": NEVER, REFUSED_REQUESTS % "bad-request": RISES},
                {"problem": "overloaded"},
            )
        ],
    ),
    "TicketbridgeCallersRefused": Scenario(
        {REFUSED: "0+5x60"}, {REFUSED: RISES}, {"platform": "acme", "reason": "secret"}
    ),
    "TicketbridgeLogins": Scenario(
        {LOGINS: "0+10x60", CALLS: "0+20x60"},
        {LOGINS: "0+10x60", CALLS: "0+200x60"},
        at="30m",
    ),
    "TicketbridgeMappingBroken": Scenario(
        {BROKEN: "1x60"}, {BROKEN: "0x60"}, {"mapping": "acme.yaml"}
    ),
    "TicketbridgeMappingsDiffer": Scenario(
        {INFO % ("a", "old"): "1x60", INFO % ("b", "new"): "1x60"},
        {INFO % ("a", "new"): "1x60", INFO % ("b", "new"): "1x60"},
    ),
}


def as_test(series: Series, at: str, alert: str, expected: list[dict[str, Any]]) -> dict[str, Any]:
    """One test in promtool's words."""
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [{"eval_time": at, "alertname": alert, "exp_alerts": expected}],
    }


def promtool_tests(alert: Mapping[str, Any]) -> list[dict[str, Any]]:
    """It fires where it should, with its labels filled in; and not where all is fine, or nothing is known."""
    scenario = SCENARIOS[alert["alert"]]
    return [test for each in (scenario, *scenario.also) for test in scenario_tests(alert, each)]


def scenario_tests(alert: Mapping[str, Any], scenario: Scenario) -> list[dict[str, Any]]:
    """The tests of one scenario of an alert."""
    name = alert["alert"]
    annotations = {key: filled(text, scenario.labels) for key, text in alert["annotations"].items()}
    fires = {"exp_labels": {**scenario.labels, **alert["labels"]}, "exp_annotations": annotations}
    return [
        as_test(scenario.wrong, scenario.at, name, [fires]),
        as_test(scenario.fine, scenario.at, name, []),
        as_test({}, scenario.at, name, []),
    ]


def filled(text: str, labels: Mapping[str, str]) -> str:
    """An annotation with the labels of its alert."""
    part = r"\{\{ with \$labels\.(\w+) \}\}(.*?)\{\{ \. \}\}\{\{ end \}\}"
    text = re.sub(
        part, lambda found: found[2] + labels[found[1]] if found[1] in labels else "", text
    )
    return re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda found: labels[found[1]], text)


def test_each_alert_has_a_scenario() -> None:
    """No alert is left untested."""
    assert [alert["alert"] for alert in ALERTS] == list(SCENARIOS)


@pytest.mark.slow
def test_each_alert_fires_when_it_should(tmp_path: Path) -> None:
    """Each alert fires in its scenario, and is silent where all is fine and where there are no series."""
    tests = [test for alert in ALERTS for test in promtool_tests(alert)]
    file = tmp_path / "tests.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "tests": tests}), "utf-8")
    ran = subprocess.run(  # noqa: S603 - Prometheus' own tool
        [program("promtool"), "test", "rules", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.slow
def test_an_alert_that_never_fires_is_found(tmp_path: Path) -> None:
    """The test above fails for an alert whose expression names a series that nobody has."""
    rules = tmp_path / "alerts.yaml"
    text = RULES.read_text("utf-8")
    rules.write_text(text.replace("ticketbridge_mapping_broken", "ticketbridge_mapping_brocken"))
    alert = next(alert for alert in ALERTS if alert["alert"] == "TicketbridgeMappingBroken")
    file = tmp_path / "tests.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [str(rules)], "tests": promtool_tests(alert)}))
    ran = subprocess.run(  # noqa: S603 - Prometheus' own tool
        [program("promtool"), "test", "rules", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 1
    assert "TicketbridgeMappingBroken" in ran.stdout + ran.stderr


def test_the_page_has_each_alert() -> None:
    """`docs/reference/metrics.md` lists each alert, and no other, in order."""
    page = (RULES.parents[2] / "docs" / "reference" / "metrics.md").read_text("utf-8")

    assert re.findall(r"^\| `(Ticketbridge\w+)` \|", page, re.MULTILINE) == list(SCENARIOS)


def test_alerts_name_metrics_that_exist() -> None:
    """Each series in an alert's expression is one of the service's."""
    known = {name for spec in all_metrics() for name in series_of(spec)}
    named = {name for alert in ALERTS for name in UNITS.findall(alert["expr"])}

    assert named <= known
