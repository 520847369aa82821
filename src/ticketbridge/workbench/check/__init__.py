"""`ticketbridge check`: all that can be known of mappings without a call, for people and programs."""
