"""The demonstration: a whole system on a chain of its own, and a story that goes through it."""

from oracle.demo.run import DemoOptions, run_demo

__all__ = ["DemoOptions", "run_demo"]
