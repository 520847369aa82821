"""Personal data and credentials in a platform's answers: found, masked, or replaced.

What a value is, is told by its key, the keys beside it and the key above it (`personal_kinds`), and by its
look (`looks`). `PersonalData` remembers what was found, so that the same name in another place is known
again, and so is its digest (`known_digests`). Ids of tickets, events and orders are not personal data here,
unless they look random: such an id opens a door. `ValueShapes` leaves nothing of a value but its kind and
its length.
"""
