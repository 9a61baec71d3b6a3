"""From fitted scikit-learn estimators to the arrays that inference reads."""

from typing import Any

import numpy as np

from oracle.scoring.ensemble import Autoencoder, Forest, Neighbourhood, OneClassSvm

_EULER = 0.5772156649015329


def average_path_length(n: int) -> float:
    """c(n): the expected path length of an unsuccessful search in a binary tree of n points (Liu et al. 2008)."""
    if n <= 1:
        return 0.0
    if n == 2:
        return 1.0
    return 2.0 * (float(np.log(n - 1.0)) + _EULER) - 2.0 * (n - 1.0) / n


def forest(fitted: Any) -> Forest:
    """An IsolationForest that uses all features in every tree."""
    roots, parts, base, depth = [], [], 0, 0
    for estimator in fitted.estimators_:
        tree = estimator.tree_
        count = tree.node_count
        own = np.arange(count)
        leaf = tree.children_left < 0
        depths = np.zeros(count, dtype=np.int64)
        for node in range(count):  # parents come before their children
            if not leaf[node]:
                depths[tree.children_left[node]] = depths[tree.children_right[node]] = depths[node] + 1
        left = np.where(leaf, own, tree.children_left) + base
        right = np.where(leaf, own, tree.children_right) + base
        length = depths + np.array([average_path_length(int(n)) for n in tree.n_node_samples])
        parts.append((np.maximum(tree.feature, 0), np.where(leaf, 0.0, tree.threshold), left, right, length))
        roots.append(base)
        base += count
        depth = max(depth, int(depths.max()))
    feature, threshold, left, right, length = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Forest(
        np.array(roots, dtype=np.int32),
        feature.astype(np.int32),
        threshold.astype(np.float64),
        left.astype(np.int32),
        right.astype(np.int32),
        length.astype(np.float64),
        depth,
        average_path_length(int(fitted.max_samples_)),
    )


def one_class_svm(fitted: Any) -> OneClassSvm:
    """A OneClassSVM with Gaussian kernel and a numeric gamma."""
    return OneClassSvm(
        np.ascontiguousarray(fitted.support_vectors_.T),
        np.ascontiguousarray(fitted.dual_coef_[0]),
        float(fitted.intercept_[0]),
        float(fitted.gamma),
    )


def neighbourhood(lof: Any, dbscan: Any, points: np.ndarray) -> Neighbourhood:
    """A LocalOutlierFactor(novelty=True) and a DBSCAN, both fitted on `points` of shape (points, features)."""
    return Neighbourhood(
        np.ascontiguousarray(points.T),
        np.ascontiguousarray(lof._distances_fit_X_[:, lof.n_neighbors_ - 1]),
        np.ascontiguousarray(lof._lrd),
        dbscan.core_sample_indices_.astype(np.int32),
        int(lof.n_neighbors_),
        float(dbscan.eps),
    )


def autoencoder(fitted: Any) -> Autoencoder:
    """An MLPRegressor with rectified linear units that was fitted to return its input."""
    return Autoencoder(
        tuple(np.ascontiguousarray(weight) for weight in fitted.coefs_),
        tuple(np.ascontiguousarray(bias) for bias in fitted.intercepts_),
    )
