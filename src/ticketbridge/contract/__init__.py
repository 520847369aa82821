"""The contract with menta tech: the bundled JSON Schema, and the check of a value against a schema."""

from ticketbridge.contract.bundled import tickets_schema, tickets_schema_text
from ticketbridge.contract.validator import Breach, Validator

__all__ = ["Breach", "Validator", "tickets_schema", "tickets_schema_text"]
