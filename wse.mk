# BACKEND=wse: how train/ runs for a Cerebras system (container releases, up to 1.7.1).
#
# With Cerebras' wrappers on the PATH no virtual environment is created or used. csrun_wse runs train
# and predict on the CS system, the same command in every task; csrun_cpu runs everything else, on
# one node. ARGS=--dry_run prints the command and runs nothing.

ifneq ($(findstring ://,$(DATA_DIR) $(MODEL_DIR) $(CHECKPOINT)),)
$(error BACKEND=wse reads and writes folders that its container mounts: copy what is in a store to one, and give that)
endif
COMPILE_MODE = train
# A model folder's configuration may be one that only gpu and cpu take.
OWN_CONFIG =
TRAIN_OPTIONS += $(call option,cs_ip,CS_IP)

ifneq ($(shell command -v csrun_cpu 2>&1),)
TRAIN_READY =
CSRUN_OPTIONS = $(if $(MOUNT_DIRS),--mount-dirs=$(call quote,$(MOUNT_DIRS))) $(or $(CSRUN_ARGS),$(ONE_WORKER))
# With several input workers, the order of the answers would be unknown.
ONE_WORKER = $(if $(RUNS_ON_CS),$(if $(filter predict,$@),--total-nodes 2 --tasks-per-node 1))
RUNS_ON_CS = $(if $(filter --validate_only --compile_only -h --help,$(ARGS)),,$(filter train predict,$@))
TRAIN_RUN = $(strip $(if $(RUNS_ON_CS),csrun_wse,csrun_cpu) $(CSRUN_OPTIONS)) $(CS_PYTHON) -m train.run
else ifneq ($(if $(ASKS_HELP),,$(shell PYTHON37="$(PYTHON37)" tests/wse/find_python.sh 3.7 3.8)),)
# The container's version of TensorFlow, to check the graph's operations.
COMPILE_READY = wse-environment
compile: TRAIN_RUN = .venv-wse/bin/python -m train.run
endif

.PHONY: wse-environment
wse-environment:
	@PYTHON37="$(PYTHON37)" tests/wse/environment.sh >/dev/null

ifneq ($(filter --dry_run,$(ARGS)),)
override ARGS := $(filter-out --dry_run,$(ARGS))
TRAIN_READY =
COMPILE_READY =
run = $(info $(strip $1))@:
endif
