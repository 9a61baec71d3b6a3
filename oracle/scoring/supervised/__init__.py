"""The supervised model: boosted trees with exact integer sums, calibrated, explained and answered back to."""
