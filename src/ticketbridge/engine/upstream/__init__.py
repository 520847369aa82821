"""The platform side: requests, pages, answers, and what each answer means.

The table lists each step that reads data from the platform, and its cost. A bound ends a step whose cost
grows faster than the data. A long step leaves turns to other answers, and so the deadline can end it.

    what                     cost                              bound                              turns
    -----------------------  --------------------------------  ---------------------------------  -----------
    a body, decompressed     its bytes                         max_body; 10 times that an answer  each chunk
    JSON                     its bytes                         500,000 objects and lists          none
    XML                      its bytes; a tag or a comment     1 MB of a tag, 200 levels,         each 64 KB
                             again with each piece of 64 KB    500,000 parts, 20,000 names,
                                                               20 prefixes for `nil`
    NDJSON                   its bytes                         500,000 lines; objects and lists   50 lines,
                                                               as in JSON                         or 20 ms
    CSV                      its bytes                         500,000 rows, 2,000,000 cells      likewise
    Link, Retry-After, Age   its bytes                         64 KB of a head                    none
    a next URL, a poll's     its length, for each parameter    8,000 characters                   none
                             of the user's
    a hole of a request      its length                        8,000 characters of a URL or a     none
                                                               header, 1,000,000 of a body
    a request's body         its bytes                         1,000,000 bytes                    none
    a token, `expires_in`    its length                        8,000 characters; 32               none
    a rule's message         what is looked through            100,000 characters                 none
    any expression           its steps                         5,000,000 steps, lists of          none
                                                               1,000,000 elements
    a document inside a      its bytes, its elements and       the steps of its expression: one   none
    text                     attributes                        for 2 characters, 12 for a part;
                                                               else as a body
    items of a page          their bytes, once for each item   30 MB a page                       each page
                             that they stand in
    bindings, records        one each                          max_records, at each level         50 records
    checks, fields           as an expression, for each        5,000,000 steps of all records     50 records,
                             record                            as they are served, and then of    or 20 ms
                                                               each that is explained
    tickets against schema   their bytes                       those of the body                  500 tickets,
                                                               (see `response`)                   or 8 MB
    the body                 its bytes                         max_body, and 1,000 for each of    likewise
                                                               max_records
    a body of its own kind   its bytes                         the same                           none

`tests/faults/test_hostile_values.py` feeds each of these a value that asks for as much as it can.
"""
