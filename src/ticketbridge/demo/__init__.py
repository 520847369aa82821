"""The demo: an invented platform and the bridge in front of it, in one process."""
