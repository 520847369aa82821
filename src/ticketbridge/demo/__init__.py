"""A legacy platform and the bridge in front of it, in one process: what a newcomer sees first."""

from ticketbridge.demo.run import run_demo

__all__ = ["run_demo"]
