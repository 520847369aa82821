"""What is personal in the answers that a trial got, and which credentials its mapping holds."""

from __future__ import annotations

from collections.abc import Collection

from ticketbridge.authoring.personal.personal_data import Findings
from ticketbridge.authoring.personal.rewriting import xml_text
from ticketbridge.authoring.trial import Trial
from ticketbridge.mapping.spec import MappingSpec, secrets_in
from ticketbridge.upstream.formats import Unreadable, read_json

_SHORTEST = 4


def findings_of(trial: Trial, *, kept: Collection[str] = ()) -> Findings:
    """All that *trial* shows of persons and credentials; *kept*: see Findings."""
    findings = Findings(trial.user, secrets=_secrets_of(trial.bridge.spec), kept=kept)
    _learn_from(findings, trial)
    return findings


def _secrets_of(spec: MappingSpec) -> set[str]:
    """The credentials that *spec* holds. What variables put into the paths of calls is none."""
    held = secrets_in((spec.upstream.auth, spec.upstream.headers, spec.endpoint.access))
    return {secret for secret in held if len(secret) >= _SHORTEST}


def _learn_from(findings: Findings, trial: Trial) -> None:
    """Let *findings* learn from all that the platform answered."""
    for exchange in trial.exchanges:
        if exchange.answer is None:
            continue
        document = read_json(exchange.answer, any_content_type=True)
        if not isinstance(document, Unreadable):
            findings.learn(document)
            continue
        text = xml_text(exchange.answer)
        if text is not None:
            findings.learn_xml(text)
        findings.learn_text(exchange.answer.content.decode("utf-8", "replace"))
