"""`ticketbridge test`: the cases of mappings run, what they leave out, and how it is all written.

- **Coverage** names what a mapping declares and no case comes by.
- **Slips** are mistakes that a mapping could have; each is tried against the cases.
- Neither fails a run, unless it is *strict*: then all must be covered, and each slip noticed by a case,
  or listed in the cases file with the reason why none can.
"""

from ticketbridge.authoring.testing.junit import OutputError, as_junit, write_junit
from ticketbridge.authoring.testing.report import WRITERS, as_json, as_text
from ticketbridge.authoring.testing.run import CaseRun, MappingRun, run_files

__all__ = [
    "WRITERS",
    "CaseRun",
    "MappingRun",
    "OutputError",
    "as_json",
    "as_junit",
    "as_text",
    "run_files",
    "write_junit",
]
