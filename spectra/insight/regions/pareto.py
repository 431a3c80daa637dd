"""Which of some choices no other one beats."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def efficient(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """True for each row that no other row dominates; less is better in every column.

    A row dominates another if it is nowhere worse and somewhere better. Equal rows stay together.
    A row with an unknown value (NaN) is never efficient and dominates nothing.
    """
    known = np.asarray(np.isfinite(values).all(axis=1))
    worse = np.where(known[:, None], values, np.inf)
    nowhere_worse = (worse[:, None, :] <= worse[None, :, :]).all(axis=2)
    somewhere_better = (worse[:, None, :] < worse[None, :, :]).any(axis=2)
    dominated = (nowhere_worse & somewhere_better & known[:, None]).any(axis=0)
    return np.asarray(known & ~dominated)
