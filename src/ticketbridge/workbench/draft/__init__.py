"""Drafts: a first mapping from saved answers of a platform, or from its OpenAPI file.

1. `documents` reads the samples, and `har_samples` and `curl_commands` what a browser or curl asked for;
   `sent_bodies` gives the values of a body names; `credentials` puts variables in the place of credentials,
   also of those in headers (`sample_requests`) and of those that only their place in a body shows.
2. `plan` finds which calls are made, which lists are the records (`record_lists`), which answer leads to
   which (`leads`), and which answers fail (`flags`).
3. `candidate_finding` lists everything that a field could be.
4. `id_guesses`, `field_guesses`, `money`, `status_tables`, `conditions` and `page_guesses` guess, each with
   its reason. Words are in `vocabulary` (nouns) and `platform_words`.
5. `draft_writing` writes the mapping, and `first_case` a case with the samples.

A guess is by names, by types, by values, by position. It says how sure it is; where nothing fits it is
TODO, which `check` points at. A draft is no mapping yet: someone who knows the platform has to read it.
"""
