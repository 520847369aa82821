"""A legacy platform and the bridge in front of it, in one process: what a newcomer sees first."""
