"""Documents from platforms, read strictly: a body, or a document inside a text.

Each reader returns the whole document or raises DocumentError. No reader guesses or loses a digit.
"""


class DocumentError(Exception):
    """The text is not a document of its format, or is not supported. The message has no data."""
