"""`ticketbridge rehearse`: many real users asked before going live, and what that shows of a mapping."""
