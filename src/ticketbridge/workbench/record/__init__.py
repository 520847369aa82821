"""Recording: a real answer as a case that `ticketbridge test` runs, without anyone's data in it.

1. `reading` finds what the mapping reads.
2. `needed` keeps that, with made-up data where it is personal, and replaces all else by its shape;
   `recorded_answers` makes answers of it.
3. `replay` runs the mapping on these answers, without variables, and learns what it asks for then.
4. `recording` compares the outcome with the real one: replacing data must have changed nothing else.
5. `case_writing` writes the case, which is run once more as `ticketbridge test` will, before it is kept.
"""
