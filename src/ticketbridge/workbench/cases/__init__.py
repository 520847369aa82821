"""Cases: the tests of a mapping, run offline by the engine that serves it.

Beside `acme.yaml` stands `acme.cases.yaml`, a list of cases. Each says what the platform answers,
and what menta tech must get for it:

    - case: refunded tickets are left out
      user: ana@example.com
      now: 2026-11-24T12:00:00Z          # optional: what `now()` gives
      upstream:
        - {get: "/customers?email=ana@example.com", body: {data: [{id: 7}]}}
        - {get: /customers/7/orders, body_file: samples/orders.json}
      expect:
        tickets: [{ticketId: "1", ...}]
        verdicts: {returned: 1, "not_eligible:REFUNDED": 1}

- **Calls.** `get`, or `post`, is a path without the path of `base_url`, compared decoded. Parameters
  in it must be in the request with these values, other parameters of the request do not matter; a
  `+` is a plus. With a `post`, `json`, `form` or `xml` says what its body must have: members of
  objects, and parameters, that are not given do not matter; XML is compared as a document, prefixes, the
  order of attributes and white space between elements aside. `asked: {text: ...}` says it letter for
  letter. An answer serves once; where several fit, the first that is left. A call that no answer fits, or
  an answer that nothing asked for, fails the case.
  `host: files` is a call to that one of `upstream.hosts`, whose URL the path then leaves out;
  without it, the call goes to `base_url`.
- **Answers.** `status` (200), `headers` (a list repeats its header), and one of `body` (JSON),
  `body_file` (a JSON file, or an XML file whose name ends in `.xml`, in the folder of the cases file or
  below it) and `text`.
  `content_type` is `application/json` or `application/xml` for the first two, and `text/plain` for
  `text`, unless it is given; CSV and NDJSON stand in `text`, with theirs. An answer is sent in the `charset`
  of the call's format.
- **`{BASE}`** in an answer's body, text or headers stands for `base_url` (or the URL of the answer's
  `host`), its path included. A
  platform names its next page by an absolute URL, which must lie on `base_url`; and a `base_url`
  whose variable is not set is only a placeholder. So a recorded answer has `{BASE}/orders?page=2`
  in place of `https://api.acme.example/v2/orders?page=2`.
- **Expectations**, at least one: `tickets` (exactly these, in this order), `verdicts` (exactly
  these words and counts), `body` (the whole answer; null where there is none), or `problem` (the
  slug). An absent key and a null are two things; 25 and 25.0 are one.
- **Time.** A wait before another try takes no time, and no deadline passes because a machine is
  slow.
- **Variables.** None is set: `${NAME}` is placeholder text.
"""
