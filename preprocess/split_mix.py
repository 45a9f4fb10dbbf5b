"""SplitMix64's finalizer (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014;
https://prng.di.unimi.it/splitmix64.c): other hashes of hashes."""

import numpy as np


def mixed(values: np.ndarray) -> np.ndarray:
    """Args and result: uint64 [N]; every bit of a value changes about half of its result's."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
