"""How fast ticketbridge is, next to other ways of doing the same, measured in the same run.

`python3 benchmarks/run.py` does all of it; `__main__` is the command, and each part is a module.
"""
