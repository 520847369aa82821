"""Drafts: a first mapping from saved answers of a platform, or from its OpenAPI file.

samples -> `documents` -> `credentials` (variables in their place) -> `plan` (which calls, which lists are
the records, what leads where, and by `flags` which answers fail) -> `candidates` (everything that a field
could be) -> `ids`, `money`, `owners`, `states`, `kinds`, `conditions`, `seats`, `paging` (guesses, each with
its reason) -> `writing` (the mapping) and `first_case`.

A guess is by names, by types, by values, by position. It says how sure it is; where nothing fits it is
TODO, which `check` points at. A draft is no mapping yet: someone who knows the platform has to read it.
"""
