"""`ticketbridge sheet`: a mapping as a page that both companies can read and sign."""
