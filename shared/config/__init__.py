"""The configuration: every key declared once, every error in a file reported at once."""

from shared.config.reading import DATA_SECTION, ENVIRONMENT_SECTION, dump, load
from shared.config.recipe import PATH as RECIPE
from shared.config.schedules import Schedule
from shared.config.schema import (
    SECTIONS,
    Config,
    InputConfig,
    ModelConfig,
    OptimizerConfig,
    QualityConfig,
    RunConfig,
)

__all__ = [
    "DATA_SECTION",
    "ENVIRONMENT_SECTION",
    "RECIPE",
    "SECTIONS",
    "Config",
    "InputConfig",
    "ModelConfig",
    "OptimizerConfig",
    "QualityConfig",
    "RunConfig",
    "Schedule",
    "dump",
    "load",
]
