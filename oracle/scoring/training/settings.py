"""Sizes of the detectors: small enough for a file of 1.5 MB and a score in half a millisecond."""

TREES, VELOCITY_TREES, SUBSAMPLE = 100, 60, 128
SVM_POINTS, SVM_OUTSIDE = 1_500, 0.05
"""Payments that the One-Class SVM is fitted on, and the share of them that may lie outside."""
REFERENCE_POINTS, NEIGHBOURS = 800, 20
"""Payments that LOF and DBSCAN compare with, and how many of the nearest count for LOF."""
DBSCAN_QUANTILE, DBSCAN_MINIMUM = 0.9, 5
"""eps is that quantile of the distances to the fifth neighbour, the knee of the sorted distances in good
approximation."""
HIDDEN = (16, 6, 16)
"""Widths of the autoencoder's layers between input and output."""
