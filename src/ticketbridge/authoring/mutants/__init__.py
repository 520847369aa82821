"""Slips that a mapping could have, and whether its cases would notice them.

A slip is the mapping with one thing in it changed: a misspelt key, a key taken for the one beside it, a
text, a number or an operator that is another; a function, a condition, a rule, a parameter or a field
that is left out; a status word or a table's value that is another; an id taken for another id. Each is
compiled and run against the cases until one fails. Headers of requests are left as they are: a case does
not see them.
"""
