"""Tools for the integrator who writes a mapping."""
