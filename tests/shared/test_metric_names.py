import pytest

from shared import metric_names


@pytest.mark.parametrize("metric", [*metric_names.TABLE, "f1:urgent"])
def test_which_way_is_better(metric):
    is_lower_better = metric in ("log_loss", "ece", "mse", "loss")
    assert metric_names.gain(metric, 0.5) == (-0.5 if is_lower_better else 0.5)
    assert metric_names.is_bounded(metric) == (metric not in ("log_loss", "mse", "loss"))
