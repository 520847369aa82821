"""`ticketbridge check`: all that can be known of mappings without a call, for people and programs."""

from ticketbridge.authoring.check.files import Checked, check_files, check_paths, check_text
from ticketbridge.authoring.check.report import WRITERS, Format, as_github, as_json, as_text

__all__ = [
    "WRITERS",
    "Checked",
    "Format",
    "as_github",
    "as_json",
    "as_text",
    "check_files",
    "check_paths",
    "check_text",
]
