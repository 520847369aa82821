"""The studio: a mapping at work in the browser; the platform's answers, the mapping and the tickets.

    page ──► studio_guard ──► studio_app ──► workshop ──► studio_run (the engine that serves)

Each change of the text is a run: the text is checked, compiled, and answers the user from `answer_sources`,
as `map` and `test` do. `answer_rows` and `provenance` say which value of an answer each field read, both
ways. `pointing`, `mapping_edits`, `finding_repairs` and `editor_help` write; the page only shows, and asks.

The page holds no secret, and personal data only when it is asked for. The workshop writes the mapping and
its cases file, and no other.
"""
