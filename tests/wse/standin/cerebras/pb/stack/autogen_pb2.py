"""The names that the Model Zoo imports; their numbers are made up."""

AP_ENABLED = 1
