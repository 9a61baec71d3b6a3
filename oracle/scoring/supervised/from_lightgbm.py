"""From a fitted LightGBM booster to `BoostedTrees`. Needed only where a model is trained."""

from math import copysign, inf
from typing import Any

import numpy as np

from oracle.scoring.supervised.trees import LARGEST_LEAF, SCALE, BoostedTrees

_WRITTEN_FOR_INFINITY = 1e300
"""LightGBM's dump has no infinity and writes this."""

_Node = list[Any]
"""One row of the trees' arrays: feature, threshold, left, right, default_left, leaf, cover."""


def from_lightgbm(booster: Any) -> BoostedTrees:
    """The trees of a `lightgbm.Booster`, with leaves rounded to 2^-32.

    Raises ValueError for what the flat form does not express: categorical splits, linear leaves, several outputs,
    averaged forests, and zero treated as missing.
    """
    dump = booster.dump_model()
    if dump["num_tree_per_iteration"] != 1 or dump.get("average_output"):
        raise ValueError("only boosters with one summed output can be read")
    nodes: list[_Node] = []
    offsets = [0]
    for tree in dump["tree_info"]:
        _append(tree["tree_structure"], nodes)
        offsets.append(len(nodes))
    if len(offsets) == 1:
        raise ValueError("the booster has no tree")
    feature, threshold, left, right, default_left, leaf, cover = zip(*nodes, strict=True)
    return BoostedTrees.of(
        {
            "feature": np.array(feature, dtype=np.int16),
            "threshold": np.array(threshold, dtype=np.float64),
            "left": np.array(left, dtype=np.int32),
            "right": np.array(right, dtype=np.int32),
            "default_left": np.array(default_left, dtype=np.bool_),
            "leaf": np.array(leaf, dtype=np.int64),
            "cover": np.array(cover, dtype=np.float64),
            "offsets": np.array(offsets, dtype=np.int32),
        },
        int(dump["max_feature_idx"]) + 1,
    )


def _append(root: dict[str, Any], nodes: list[_Node]) -> None:
    waiting = [(root, -1, False)]
    first = len(nodes)
    while waiting:
        node, parent, is_right = waiting.pop()
        own = len(nodes)
        if parent >= 0:
            nodes[parent][3 if is_right else 2] = own
        if "split_feature" not in node:
            if "leaf_coeff" in node or "leaf_const" in node:
                raise ValueError("linear leaves cannot be read")
            leaf = round(float(node["leaf_value"]) * SCALE)
            if abs(leaf) > LARGEST_LEAF:
                raise ValueError(f"a leaf of {node['leaf_value']} is out of bounds")
            # a tree of one leaf says no count; any positive cover stands for all rows
            nodes.append([-1, 0.0, own, own, False, leaf, float(node.get("leaf_count") or (own == first))])
            continue
        if node["decision_type"] != "<=":
            raise ValueError(f"a split by {node['decision_type']!r} cannot be read")
        threshold = float(node["threshold"])
        if abs(threshold) >= _WRITTEN_FOR_INFINITY:  # "any number" against "none"
            threshold = copysign(inf, threshold)
        missing = node["missing_type"]
        if missing == "Zero":
            raise ValueError("a model that takes zero for missing cannot be read; train with zero_as_missing=False")
        # LightGBM reads NaN as 0 where the training rows of a feature had none
        default_left = bool(node["default_left"]) if missing == "NaN" else threshold >= 0.0
        nodes.append([int(node["split_feature"]), threshold, own, own, default_left, 0, float(node["internal_count"])])
        waiting.append((node["right_child"], own, True))
        waiting.append((node["left_child"], own, False))
