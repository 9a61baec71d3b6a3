"""How fast and how large scoring is, beside scikit-learn, PyOD and river on the same payments in the same run.

`make bench` runs it; docs/speed.md is written by it. Every part is a process of its own, so that its memory is its own.
"""
