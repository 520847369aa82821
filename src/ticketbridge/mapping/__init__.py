"""Read mapping files: what a mapping declares, and what can be wrong with it."""

from __future__ import annotations

from ticketbridge.mapping.environment import Environment
from ticketbridge.mapping.findings import Finding, MappingError, Place
from ticketbridge.mapping.loader import load_mapping, parse_mapping
from ticketbridge.mapping.mapping_schema import schema, schema_text
from ticketbridge.mapping.spec import MappingSpec

__all__ = [
    "Environment",
    "Finding",
    "MappingError",
    "MappingSpec",
    "Place",
    "load_mapping",
    "parse_mapping",
    "schema",
    "schema_text",
]
