"""`ticketbridge probe`: any verification endpoint, judged from outside."""
