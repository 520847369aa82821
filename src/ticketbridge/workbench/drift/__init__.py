"""`ticketbridge drift`: show how the shape of two recorded answers of a platform differs."""
