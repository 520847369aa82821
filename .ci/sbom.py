"""Hold an SBOM (CycloneDX, JSON) to pyproject.toml and constraints.txt, and add the studio's editor to it.

Exit 1 where it says something else than these files.

The packages of the SBOM are those of constraints.txt for this machine, each in its version; the
project has its version and names its dependencies; no file of this machine is named.
"""

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

EDITOR = Path("src/ticketbridge/workbench/studio/editor/package.json")
PIN = re.compile(r"^[^\s#-][^\\]*", re.MULTILINE)


def find_pins(text: str) -> dict[str, str]:
    """Return the version of each package that a constraints file has for this machine, by name."""
    pins = [Requirement(line.strip()) for line in PIN.findall(text)]
    return {
        canonicalize_name(pin.name): str(pin.specifier).removeprefix("==")
        for pin in pins
        if pin.marker is None or pin.marker.evaluate()
    }


def check(sbom: dict[str, Any], pins: dict[str, str], project: dict[str, Any]) -> Iterator[str]:
    """Say what is wrong in *sbom*."""
    found = {canonicalize_name(part["name"]): part["version"] for part in sbom["components"]}
    for name, version in sorted(found.items() - pins.items()):
        yield f"{name} {version} is not in constraints.txt"
    for name, version in sorted(pins.items() - found.items()):
        yield f"{name} {version} of constraints.txt is not in the SBOM"

    root = sbom["metadata"]["component"]
    if root["name"] != project["name"] or not root.get("version"):
        yield "the SBOM does not say of which version of the project it is"
    names = {part["bom-ref"]: canonicalize_name(part["name"]) for part in sbom["components"]}
    graph = {node["ref"]: node.get("dependsOn", ()) for node in sbom["dependencies"]}
    named = {names.get(ref) for ref in graph.get(root["bom-ref"], ())}
    asked = [Requirement(text) for text in project["dependencies"]]
    for wanted in asked:
        applies = wanted.marker is None or wanted.marker.evaluate()
        if applies and canonicalize_name(wanted.name) not in named:
            yield f"{wanted.name} is not named as a dependency of the project"
    if "file:" in json.dumps(sbom):
        yield "the SBOM names a file of the machine that made it"


def add_editor(sbom: dict[str, Any], package: dict[str, Any]) -> None:
    """Add to *sbom* what the page's editor is bundled from: the dependencies of its package.json."""
    root = sbom["metadata"]["component"]["bom-ref"]
    references = []
    for name, version in sorted(package["dependencies"].items()):
        purl = f"pkg:npm/{name.replace('@', '%40')}@{version}"
        references.append(purl)
        part = {"type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl}
        sbom["components"].append(part)
        sbom["dependencies"].append({"ref": purl})
    node = next(node for node in sbom["dependencies"] if node["ref"] == root)
    node["dependsOn"] = [*node.get("dependsOn", ()), *references]


def main(file: str) -> int:
    """Check the SBOM *file*, and complete it; return 1 where something is wrong."""
    sbom = json.loads(Path(file).read_text("utf-8"))
    pins = find_pins(Path("constraints.txt").read_text("utf-8"))
    project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
    wrong = list(check(sbom, pins, project))
    for line in wrong:
        print(line)
    add_editor(sbom, json.loads(EDITOR.read_text("utf-8")))
    Path(file).write_text(json.dumps(sbom, indent=2), "utf-8")
    print(f"{len(sbom['components'])} packages in the SBOM")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
