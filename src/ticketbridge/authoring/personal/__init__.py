"""Personal data and credentials in a platform's answers: found, masked, or replaced.

What a value is, is told by its key, the keys beside it and the key above it (`keys`), and by its look
(`values`). `Findings` remembers what was found, so that the same name in another place is known again.
Ids of tickets, events and orders are not personal data here: without them nothing could be explained.
"""

from ticketbridge.authoring.personal.findings import Findings
from ticketbridge.authoring.personal.kinds import Kind
from ticketbridge.authoring.personal.learning import findings_of
from ticketbridge.authoring.personal.masks import mask
from ticketbridge.authoring.personal.standins import StandIns

__all__ = ["Findings", "Kind", "StandIns", "findings_of", "mask"]
