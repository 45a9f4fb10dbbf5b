"""The names that the Model Zoo imports; their numbers are made up."""

TS_ENABLED = 1
TS_DISABLED = 2
