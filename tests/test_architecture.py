"""How the modules hang together: imports point down, and foreign libraries have a home."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import ticketbridge

SOURCE = Path(ticketbridge.__file__).parent

LAYERS = [
    {"__main__"},
    {"cli"},
    {"demo", "workbench"},
    {"asgi"},
    {"service.server"},
    {"service.announcement"},
    {"service.reload", "service.supervisor"},
    {"service.app", "service.watch"},
    {"service.metrics_server", "service.spans"},
    {"service.readiness", "service.callers"},
    {"service.mapping_set"},
    {"service.catalog", "service.protocol", "service.metrics_text"},
    {"service.metrics_export"},
    {
        "service.replies",
        "service.drain",
        "service.description",
        "service.connection_counts",
    },
    {"service.logs", "service.access", "service.user", "service.admission", "service.listening"},
    {"service.metrics"},
    {"service.metric_specs"},
    {
        "service.settings",
        "service.logwriter",
        "service.exporter_lines",
        "service.framing",
        "service.hangup",
        "service.accepting",
    },
    {"service.collector", "service.trace_context", "service"},
    {"engine.bridge"},
    {"engine.parts"},
    {"engine.response"},
    {"engine.upstream"},
    {"engine.answer_trace"},
    {"engine.tickets"},
    {"engine.agreement"},
    {"engine.problems", "engine.deadline", "engine"},
    {"contract"},
    {"mapping"},
    {"jmes"},
    {"formats"},
    {"redaction", "terminal", "__init__"},
]
"""From the top down: a module imports from its own layer's own unit, and from layers below."""

FOLDERS = {"engine", "service"}
"""Packages whose modules and packages are units of their own."""

HOMES = {
    "yaml": {"mapping"},
    "jmespath": {"jmes"},
    "re2": {"jmes"},
    "httpx": {"workbench"},
    "aiohappyeyeballs": {"engine.upstream"},
    "httptools": {"engine.upstream", "service.protocol"},
    "starlette": {
        "asgi",
        "service.app",
        "service.callers",
        "service.metrics_server",
        "service.replies",
        "service.server",
        "service.spans",
        "demo",
        "workbench",
    },
    "uvicorn": {
        "service.metrics_server",
        "service.protocol",
        "service.server",
        "service.supervisor",
        "demo",
        "workbench",
    },
    "prometheus_client": {"service.metrics_text"},
    "opentelemetry": {"service.spans"},
    "watchfiles": {"service.watch"},
    "jsonschema": {"contract", "mapping"},
    "jsonschema_rs": {"contract", "mapping"},
    "oauthlib": {"engine.upstream"},
    "graphql": {"mapping"},
    "jwt": {"engine.upstream"},
    "cryptography": {"engine.upstream"},
}


def unit_of(parts: Sequence[str]) -> str:
    """The unit of a module whose name below `ticketbridge` has these *parts*."""
    if len(parts) > 1 and parts[0] in FOLDERS and parts[1] != "__init__":
        return f"{parts[0]}.{parts[1]}"
    return parts[0]


def modules() -> list[tuple[str, Path]]:
    """The unit that each file belongs to: a package or module, or one of those in FOLDERS."""
    files = sorted(SOURCE.rglob("*.py"))
    return [(unit_of(path.relative_to(SOURCE).with_suffix("").parts), path) for path in files]


each_module = pytest.mark.parametrize(
    ("unit", "path"),
    modules(),
    ids=[path.relative_to(SOURCE).as_posix() for _, path in modules()],
)


def imports_of(path: Path) -> Iterator[str]:
    """The modules that a file imports, whole names."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer_of(unit: str) -> int:
    """The number of a unit's layer, counted from the top."""
    return next(number for number, layer in enumerate(LAYERS) if unit in layer)


def test_every_unit_has_its_layer() -> None:
    """A new module is placed in the order before it is used."""
    assert {unit for unit, _ in modules()} == set().union(*LAYERS)


@each_module
def test_imports_point_down(unit: str, path: Path) -> None:
    """No module imports from a layer above, or from a neighbour in its own."""
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] != "ticketbridge" or len(parts) == 1:
            continue
        other = unit_of(parts[1:])
        other = other if any(other in layer for layer in LAYERS) else parts[1]
        other = other if any(other in layer for layer in LAYERS) else "__init__"
        assert other == unit or layer_of(other) > layer_of(unit), f"{path.name} imports {name}"


@each_module
def test_foreign_libraries_have_one_home(unit: str, path: Path) -> None:
    """A library is met where its errors and habits are known."""
    for name in imports_of(path):
        homes = HOMES.get(name.split(".")[0])
        assert homes is None or unit in homes, f"{path.name} imports {name}"


@each_module
def test_modules_stay_small(unit: str, path: Path) -> None:
    """A module fits in a head."""
    del unit

    assert len(path.read_text("utf-8").splitlines()) <= 420


def test_serving_loads_none_of_the_tools() -> None:
    """`serve` starts as fast, and takes as little memory, as if the tools were not there."""
    program = (
        "import sys; from ticketbridge.cli import main; main(['serve', 'nothing.yaml']);"
        " print(*sys.modules)"
    )
    ran = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = ran.stdout.split()

    assert "ticketbridge.service.server" in loaded
    assert [name for name in loaded if name.startswith("ticketbridge.workbench")] == []
    assert not {
        "graphql",
        "httpx",
        "jsonschema",
        "aiohttp",
        "hypothesis",
        "jwt",
        "cryptography",
        "oauthlib",
    } & set(loaded)


def names_in(path: Path) -> Iterator[str]:
    """Yield the names that a file gives away: its own, unless it is a package's, and its classes'."""
    if path.stem not in {"__init__", "__main__"}:
        yield path.stem
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ClassDef):
            yield node.name


def test_each_name_stands_for_one_thing() -> None:
    """No two classes and no two modules have the same name."""
    counts = Counter(name for _, path in modules() for name in names_in(path))

    assert [name for name, count in counts.items() if count > 1] == []
