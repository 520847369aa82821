"""`ticketbridge rehearse`: ask for many real users before going live, and report the results."""
