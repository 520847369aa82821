"""ticketbridge: one GET /tickets in front of a ticketing platform's existing API."""

__version__ = "0.1.0"
