"""Whether a case answers the login of its platform, which none has to."""

from __future__ import annotations

import re

from ticketbridge.authoring.cases.case_spec import CaseSpec
from ticketbridge.mapping.spec import AuthSpec, ExpressionSpec, Secret, SessionAuthSpec


def answers_login(case: CaseSpec, auth: AuthSpec) -> bool:
    """Whether *case* says what the login of *auth* answers; without that, none is made."""
    if not isinstance(auth, SessionAuthSpec):
        return False
    login = auth.login.request
    path = "".join(map(_pattern, login.path.parts))
    return any(
        answer.method == login.method and re.fullmatch(path, "/".join(answer.target.path))
        for answer in case.answers
    )


def _pattern(part: str | Secret | ExpressionSpec) -> str:
    if isinstance(part, ExpressionSpec):
        return ".+"
    return re.escape(part if isinstance(part, str) else part.reveal())
