"""Recording: save a real answer as a case that `ticketbridge test` runs, without personal data.

1. `reading` finds what the mapping reads.
2. `needed` keeps that, with made-up data instead of personal data, and replaces the rest by its shape;
   `recorded_answers` makes answers from the result.
3. `replay` runs the mapping on these answers, without variables, and learns what it then asks for.
4. `recording` compares the outcome with the real one: only the replaced data may differ.
5. `case_writing` writes the case, which is run once more, like in `ticketbridge test`, before it is kept.
"""
