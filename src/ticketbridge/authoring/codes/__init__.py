"""Every code of a finding, with what it means, an example that has it, and one that is mended."""

from ticketbridge.authoring.codes.code import MARK, Code, Example
from ticketbridge.authoring.codes.table import all_codes, frame

__all__ = ["MARK", "Code", "Example", "all_codes", "frame"]
