"""`ticketbridge check`: report all that can be known of mappings without a call, as text or as data."""
