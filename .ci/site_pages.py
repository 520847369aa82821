"""Pages of the site that are made from the code, or lie elsewhere in the repository (a hook of MkDocs)."""

from __future__ import annotations

import os.path
import re
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from ticketbridge.cli.command_page import make_command_page
from ticketbridge.workbench.check.codes import make_page
from ticketbridge.workbench.reference import make_functions_page, make_mapping_page

ROOT = Path(__file__).parents[1]
MADE = {
    "reference/codes.md": make_page,
    "reference/command-line.md": make_command_page,
    "reference/functions.md": make_functions_page,
    "reference/mapping.md": make_mapping_page,
}
"""Pages that are made from the code, and nowhere committed."""

ELSEWHERE = {
    "project/platforms.md": "mappings/README.md",
    "project/changelog.md": "CHANGELOG.md",
    "project/security.md": "SECURITY.md",
    "project/contributing.md": "CONTRIBUTING.md",
}
"""Pages of the site whose file lies outside of `docs`."""

_FENCE = re.compile(r"^(`{3,}.*?^`{3,}[ ]*$)", re.DOTALL | re.MULTILINE)
_INFO = re.compile(r"\A(?P<start>`{3,}\w+)[ ]+(?P<words>\S.*)$", re.MULTILINE)
FOLDERS = {"README.md": "index.md", "docs": "index.md", "docs/how-to": "how-to/nested-orders.md"}
"""Where links lead that the site has no page for."""

_LINK = re.compile(r"(\[[^\]]*\]\()([^)#\s]+)(#[^)\s]*)?(\))")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the how-to pages into the navigation, by their titles."""
    pages = sorted((ROOT / "docs" / "how-to").glob("*.md"), key=_title)
    nav: list[Any] = config["nav"]
    for section in nav:
        if section.get("How-to"):
            section["How-to"] = [{_title(page): f"how-to/{page.name}"} for page in pages]
    return config


def _title(page: Path) -> str:
    return page.read_text("utf-8").splitlines()[0].removeprefix("# ")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made, those that lie elsewhere, and the mappings."""
    for uri, make in MADE.items():
        files.append(File.generated(config, uri, content=make()))
    for uri, path in ELSEWHERE.items():
        files.append(File.generated(config, uri, content=(ROOT / path).read_text("utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, config: MkDocsConfig, files: Files) -> str:
    """Have links between files of the repository lead to their pages; of other files only the name is left.

    Of what stands behind the language of a fence, for tests and for `check`, only a file's name is shown.
    """
    del config
    uri: str = page.file.src_uri
    source = PurePosixPath(ELSEWHERE.get(uri, f"docs/{uri}"))
    pages = {path: uri for uri, path in ELSEWHERE.items()} | FOLDERS

    def lead(match: re.Match[str]) -> str:
        start, target, anchor, end = match[1], match[2], match[3] or "", match[4]
        if "://" in target or target.startswith("mailto:"):
            return match[0]
        path = os.path.normpath(source.parent / target)
        there = pages.get(path) or path.removeprefix("docs/")
        if files.get_file_from_path(there) is None:
            return f"`{path}`"
        return f"{start}{os.path.relpath(there, PurePosixPath(uri).parent)}{anchor}{end}"

    parts = _FENCE.split(markdown)
    return "".join(
        _INFO.sub(_name_file, part) if number % 2 else _LINK.sub(lead, part)
        for number, part in enumerate(parts)
    )


def _name_file(match: re.Match[str]) -> str:
    file = match["words"].split()[-1]
    return match["start"] + (f' title="{file}"' if "." in file else "")
