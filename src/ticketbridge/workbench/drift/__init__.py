"""`ticketbridge drift`: what changed in shape between two recorded answers of a platform."""
