"""`ticketbridge test`: the cases of mappings run, what they leave out, and how it is all written.

- **Coverage** names what a mapping declares and no case comes by.
- **Slips** are mistakes that a mapping could have; each is tried against the cases.
- Neither fails a run, unless it is *strict*: then all must be covered, and each slip noticed by a case,
  or listed in the cases file with the reason why none can.
- **Updates** write what failing cases came to into their files, where that is plain.
"""
