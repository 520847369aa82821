"""Documents as platforms send them, read strictly: a body, or a document inside a text.

Each reader gives the whole document, or raises DocumentError; none guesses, and none loses a digit.
"""
