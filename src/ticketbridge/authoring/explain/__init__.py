"""Explanations: how an answer came about, from each call to each field, for people and programs.

Personal data is masked unless it is asked for, and credentials always.
"""
