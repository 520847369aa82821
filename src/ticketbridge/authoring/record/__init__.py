"""Recording: a real answer as a case that `ticketbridge test` runs, without anyone's data in it.

1. `reading` finds what the mapping reads; `needed` keeps that, with made-up data where it is personal,
   and replaces all else by its shape; `replies` makes answers of it.
2. `replay` runs the mapping on that, without variables, and learns what it asks for then.
3. `verify` holds the outcome to the real one: replacing data must have changed nothing else.
4. `writing` writes the case, and it is run once more as `ticketbridge test` will, before it is kept.
"""
