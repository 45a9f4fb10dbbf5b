"""Flags of XLA that a training sets."""

import os

import pytest

from train.gpu import xla_flags

OURS = "--xla_gpu_enable_triton_gemm=false"
USERS = "--xla_gpu_deterministic_ops=true"


@pytest.mark.parametrize(
    "given, expected",
    [
        (None, OURS),
        ("", OURS),
        (USERS, f"{USERS} {OURS}"),
        ("--xla_gpu_enable_triton_gemm=true", "--xla_gpu_enable_triton_gemm=true"),
        ("flags.txt", "flags.txt"),
    ],
)
def test_the_users_own_are_kept(monkeypatch, given, expected):
    monkeypatch.setenv("XLA_FLAGS", given or "")
    if given is None:
        monkeypatch.delenv("XLA_FLAGS")
    xla_flags.choose()
    assert os.environ["XLA_FLAGS"] == expected
