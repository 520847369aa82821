"""From a tree that has the right structure to a spec: one `build_*` beside each concept.

A builder reports what is wrong to its Context and goes on with a stand-in, so that one run finds all.
"""
