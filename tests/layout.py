"""The declarations of a configuration, wherever they lie."""

try:
    from shared.config.config import SECTIONS
    from shared.config.schedules import SCHEDULERS

    from shared.config import modelzoo_keys
except ImportError:  # before shared/config/ was a package
    from shared import modelzoo_keys
    from shared.config import SECTIONS
    from shared.schedules import SCHEDULERS

__all__ = ["SCHEDULERS", "SECTIONS", "modelzoo_keys"]
