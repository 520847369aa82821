"""Mutants: mappings with one mistake in them, and whether the cases would notice it.

A mistake (the command line calls it a slip) is a misspelt key, or a key taken for the one beside it; another
text, number or operator; a function, a condition, a rule, a parameter or a field that is left out; another
status word or value of a table; an id taken for another id. Each mutant is compiled and run against the
cases until one fails. Headers of requests stay as they are: a case does not see them.
"""
