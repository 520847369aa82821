"""`ticketbridge test`: the cases of mappings run, what they leave out, and how it is all written.

- **Coverage** names what a mapping declares and no case comes by.
- **Slips** are mistakes that a mapping could have; each is tried against the cases.
- Neither fails a run, unless it is *strict*: then all must be covered, and each slip noticed by a case,
  or listed in the cases file with the reason why none can.
- **Updates** write what failing cases came to into their files, where that is plain.
"""

from ticketbridge.authoring.testing.junit import as_junit
from ticketbridge.authoring.testing.output import OutputError, write_text
from ticketbridge.authoring.testing.report import WRITERS, as_json, as_text
from ticketbridge.authoring.testing.run import CaseRun, MappingRun, run_files
from ticketbridge.authoring.testing.update import Update, update_files

__all__ = [
    "WRITERS",
    "CaseRun",
    "MappingRun",
    "OutputError",
    "Update",
    "as_json",
    "as_junit",
    "as_text",
    "run_files",
    "update_files",
    "write_text",
]
