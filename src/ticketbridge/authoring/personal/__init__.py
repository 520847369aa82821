"""Personal data and credentials in a platform's answers: found, masked, or replaced.

What a value is, is told by its key, the keys beside it and the key above it (`kinds`), and by its look
(`looks`). `Findings` remembers what was found, so that the same name in another place is known again, and
so is its digest (`digests`). Ids of tickets, events and orders are not personal data here, unless they look
random: such an id opens a door. `Shapes` leaves nothing of a value but its kind and its length.
"""
