"""Measurements that a person runs; see docs/scoring.md."""
