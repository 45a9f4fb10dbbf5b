# The project's targets, listed by `make help`; the logic is in Python (tools/, shared/where.py).
# Set variables like this: make train TASK=rte MODEL=tiny. No space before `##`: it would become part of the value.

# A misspelt variable would change nothing, and something else be done than was meant.
GIVEN := $(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(name)))
KNOWN := $(shell sed -n 's/^\([A-Za-z_0-9]*\) *[:?]*=.*/\1/p' Makefile wse.mk 2>/dev/null)
UNKNOWN := $(if $(KNOWN),$(firstword $(filter-out $(KNOWN) MAKE% MFLAGS,$(GIVEN))))

# Given values are taken as typed: a `$` in them is a character.
as_typed = $(if $(filter command,$(firstword $(origin $1))),override )$1 := $$(value $1)
$(foreach name,$(filter-out MAKE% MFLAGS,$(.VARIABLES)),$(if \
	$(filter command environment,$(firstword $(origin $(name)))),$(eval $(call as_typed,$(name)))))

GIVEN_CONFIG := $(basename $(notdir $(value CONFIG)))
TASK ?= sst2## a GLUE task, or a name for your own task
MODEL ?= $(if $(wildcard configs/params_bert_base_$(TASK).yaml),base)## picks CONFIG: tiny, minilm, base or large (base for GLUE's tasks)
MSL ?=## tokens in a record (the task's default)
DATA_DIR ?= data## the folder of all datasets
DATASET = $(FIND_DATASET)## the folder of one dataset (DATA_DIR/TASK/msl<MSL>)
CONFIG ?= $(FIND_CONFIG)## the configuration (to use a model, MODEL_DIR's own; to train, MODEL's, or the fine-tuning recipe)
MODEL_DIR ?= runs/$(TASK)$(addprefix -,$(or $(GIVEN_CONFIG),$(MODEL)))$(if $(filter quality,$@),-quality)## checkpoints and results (runs/TASK, runs/TASK-MODEL, or runs/TASK-<name of CONFIG>)
CHECKPOINT ?= $(FIND_CHECKPOINT)## a BERT to start from, or a classifier to score, in any format
BACKEND ?=## gpu, cpu or wse (gpu if one is visible, else cpu)
SET ?=## settings that override CONFIG's: "optimizer.learning_rate=3e-5 runconfig.num_epochs=4"
SWEEP ?=## a training for each value, and a table: "optimizer.learning_rate=1e-5,3e-5,5e-5"
SEEDS ?=## 1,2,3: one training for each, and a table of scores
ARGS ?=## more options for the program; ARGS=--help lists them
VOCAB ?=## the vocabulary (the one from `make vocab`)
TFDS_DATA_DIR ?=## datasets prepared by TFDS (~/tensorflow_datasets)
GLUE_DIR ?=## official GLUE files, to use instead of TFDS
DATA ?=## your own files: train=a-*.csv,validation=b.tsv,test=c.parquet, or a YAML file
TEXT ?=## their text column, or two: title,body; title+body joins columns; classify: a text
TEXT_B ?=## classify: the second text, for a model of pairs
INPUT ?=## classify: a file of texts, or - for standard input; export: texts to check it on
PREDICTIONS ?=## report: a file of answers to report on, instead of the dataset's labelled splits
OUTPUT ?=## classify: where answers go, a .jsonl or .csv file (the terminal)
LABEL ?=## their label column
ID ?=## their column of ids, which predictions carry
VALIDATION ?=## share of the training file's rows to validate on: 0.1
BAD_ROWS ?=## drop: skip their rows that cannot be read
FROM ?=## convert: the checkpoint to read; vocab: what to copy the vocabulary from; submission: model folders (runs/*-MODEL)
TO ?=## convert, export: the folder to write; submission: the zip file (runs/submission.zip)
FORMAT ?=## export: saved_model, huggingface or onnx (saved_model)
CS_IP ?=## BACKEND=wse: the address of the CS system
CSRUN_ARGS ?=## BACKEND=wse: more options for csrun_cpu and csrun_wse
MOUNT_DIRS ?=## BACKEND=wse: folders that the container mounts: a,b
CS_PYTHON ?= python## BACKEND=wse: the container's Python
CACHE ?=## copies of what is in a store: s3://, gs:// (~/.cache/bert-classify)
CACHE_GB ?=## how many gigabytes of them are kept (50)
XLA_CACHE ?= build/xla## where compiled XLA programs are stored; empty for nowhere
FILES ?=## bench-data: csv,jsonl,parquet: own files of these formats instead, beside TFDS
MODELZOO ?=## parity: a checkout of the Cerebras Model Zoo, R_1.6.0 to R_1.7.1 (without one it is skipped)
GOLDEN ?=## bench-parity: JSON lines of texts and the ids of Google's reference
PYTHON ?= python3## a Python 3.10 to 3.13, to create .venv
PYTHON37 ?=## test-wse, parity: a Python 3.7 or 3.8 (searched for by default)
EXTRAS ?=## setup: extras to install, such as gpu, dask, onnx or gs

$(if $(UNKNOWN),$(error $(or $(shell $(PYTHON) -m tools.variables $(UNKNOWN) $(KNOWN)),there is no variable $(UNKNOWN))))

export XLA_CACHE CACHE CACHE_GB
VENV := .venv
VENV_PYTHON := $(VENV)/bin/python
READY := $(VENV)/.ready
BENCH_VENV := .venv-bench
BENCH_READY := $(BENCH_VENV)/.ready
# Python compiles what it imports, a small part of all that is installed; if it may not keep that, pip does it.
COMPILE := $(if $(PYTHONDONTWRITEBYTECODE),,--no-compile)
INSTALL := $(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check $(COMPILE) --constraint requirements.lock --editable
ASKS_HELP = $(filter -h --help,$(ARGS))
# A store is listed by a library of .venv; a folder by any Python.
WHERE_PYTHON = $(if $(findstring ://,$(DATA_DIR)),$(VENV_PYTHON),$(PYTHON))
FIND_DATASET = $(if $(ASKS_HELP),,$(or $(shell $(WHERE_PYTHON) -m shared.where \
	$(foreach name,DATA_DIR TASK MSL,$(call quote,$($(name))))),$(error no dataset for TASK=$(TASK))))
FIND_CONFIG = $(if $(USED_FROM_STORE),,$(or $(OWN_CONFIG),$(firstword \
	$(wildcard configs/params_bert_$(MODEL)_$(TASK).yaml) $(MODEL:%=configs/params_bert_%.yaml))))
# Of a model in a store, the program finds the configuration when it has copied it.
USED_FROM_STORE = $(if $(findstring ://,$(MODEL_DIR)),$(filter eval eval_all predict,$@))
# The model folder's own configuration, where a model is used
OWN_CONFIG = $(if $(filter eval eval_all predict,$@),$(if $(shell \
	test -f $(call quote,$(MODEL_DIR)/params.yaml) && echo yes),$(MODEL_DIR)/params.yaml))
# Prints the folder of the weights for MODEL=minilm; if they are missing, how to get them, on stderr.
MINILM = $(PYTHON) -m bench.minilm "$(BENCH_VENV)"
FIND_CHECKPOINT = $(if $(filter quality-minilm,$@-$(MODEL)),$(shell $(MINILM) 2>/dev/null))
# A report is on the data that the model was trained on, unless one of these says where it is.
GIVEN_DATA = $(filter override,$(foreach name,DATASET DATA_DIR MSL,$(origin $(name))))
# So are scores and predictions of a model folder.
USES_OWN_DATA = $(if $(or $(OWN_CONFIG),$(USED_FROM_STORE)),$(if \
	$(GIVEN_DATA)$(filter override,$(foreach name,TASK CONFIG CHECKPOINT,$(origin $(name)))),,yes))
# The value as one word of the shell
quote = "$(subst `,\`,$(subst $$,\$$,$(subst ",\",$(subst \,\\,$1))))"
# name=VARIABLE ... -> --name "<value>" for each variable that has one
options = $(foreach pair,$1,$(call option,$(word 1,$(subst =, ,$(pair))),$(word 2,$(subst =, ,$(pair)))))
option = $(call option_of,$1,$($2))
option_of = $(if $2,--$1 $(call quote,$2))
# The words of a variable, each with the option before it
each = $(foreach word,$2,$(call option_of,$1,$(word)))
# How train.run is started, what it needs, and how a recipe runs it. wse.mk overrides these.
TRAIN_RUN = $(VENV_PYTHON) -m train.run
TRAIN_OPTIONS = $(call options,params=CONFIG model_dir=MODEL_DIR $(if $(USES_OWN_DATA),,data_dir=DATASET)) \
	$(if $(BACKEND),--backend $(BACKEND)) \
	$(call each,set,$(SET))
TRAIN_READY = $(READY)
COMPILE_READY = $(TRAIN_READY)
COMPILE_MODE = train_and_eval
BENCH_NEEDS = $(READY) $(if $(ASKS_HELP),,$(BENCH_READY))
run = @$1
train = $(call run,$(TRAIN_RUN) --mode $@ $(TRAIN_OPTIONS) $(call options,checkpoint_path=CHECKPOINT seeds=SEEDS) $(call each,sweep,$(SWEEP)) $(ARGS))
ifeq ($(BACKEND),wse)
include wse.mk
endif

.DEFAULT_GOAL := help
.PHONY: help setup vocab data verify inspect compile train train_and_eval eval eval_all predict submission classify \
	export report convert demo quality test test-long test-wse bench-data bench-input bench-train bench-classify bench-parity \
	parity check-gpu lint format lock
$(READY): pyproject.toml requirements.lock
	@$(PYTHON) tools/python_version.py "$(PYTHON)"
	$(PYTHON) -m venv $(VENV)
# Python brings a pip as old as itself: that of 3.11.7 resolves the list in 75 CPU-seconds, one of today in 27.
	$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check "pip>=25.1" || \
		echo "pip cannot be renewed here, so the set-up takes longer"
	$(INSTALL) ".[preprocess,train,dev$(EXTRAS:%=,%)]"
	@touch $@
$(BENCH_READY): pyproject.toml requirements.lock
	$(PYTHON) -m venv $(BENCH_VENV)
	$(PYTHON) -m bench.peers.install $(BENCH_VENV)
	@touch $@

##@ Set-up
help: ## shows this list
	@awk -f tools/help.awk Makefile
setup: $(READY) ## creates .venv with the locked versions (EXTRAS=gpu adds CUDA's libraries)
	@$(if $(EXTRAS),$(INSTALL) ".[$(EXTRAS)]",true)
vocab: $(READY) ## fetches the default vocabulary, or checks and copies the one at FROM
	@$(VENV_PYTHON) -m preprocess.get_vocab $(call options,from_path=FROM) $(ARGS)

##@ Data
data: $(READY) ## turns TASK (or DATA, TEXT and LABEL) into DATASET: TFRecords and manifest.json
	@$(VENV_PYTHON) -m preprocess.run $(call options,task=TASK data_dir=DATA_DIR max_sequence_length=MSL \
		vocab_file=VOCAB tfds_data_dir=TFDS_DATA_DIR glue_dir=GLUE_DIR data=DATA text=TEXT label=LABEL id=ID \
		validation=VALIDATION bad_rows=BAD_ROWS) $(ARGS)
verify: $(READY) ## reads every record of DATASET and compares it with its manifest
	@$(VENV_PYTHON) -m preprocess.verify $(call quote,$(DATASET)) $(ARGS)
inspect: $(READY) ## shows what DATASET holds: labels, lengths, the cost of each MSL
	@$(VENV_PYTHON) -m preprocess.inspect_dataset $(call quote,$(DATASET)) $(call options,vocab_file=VOCAB) $(ARGS)

##@ Train
compile: $(COMPILE_READY) ## builds the steps of CONFIG without running them (ARGS=--validate_only only checks them)
	$(call run,$(TRAIN_RUN) --mode $(COMPILE_MODE) $(if $(filter --validate_only,$(ARGS)),,--compile_only) \
		$(TRAIN_OPTIONS) $(call options,checkpoint_path=CHECKPOINT) $(ARGS))
train: $(TRAIN_READY) ## fine-tunes CONFIG on DATASET into MODEL_DIR, from CHECKPOINT if given
	$(train)
train_and_eval: $(TRAIN_READY) ## like train; also scores every checkpoint and keeps the best one
	$(train)

##@ Use
eval: $(TRAIN_READY) ## scores the newest checkpoint of MODEL_DIR (or CHECKPOINT) on every labelled split
	$(train)
eval_all: $(TRAIN_READY) ## scores every checkpoint of MODEL_DIR
	$(train)
predict: $(TRAIN_READY) ## predicts the splits without labels; also writes GLUE's leaderboard files
	$(train)
submission: $(READY) ## zips GLUE's leaderboard files that are in FROM, and lists those that are missing
	@$(VENV_PYTHON) -m train.submission $(call quote,$(or $(FROM),runs/*-$(MODEL))) \
		$(call quote,$(or $(TO),runs/submission.zip)) $(ARGS)
classify: $(READY) ## answers TEXT, or every row of INPUT, with the model in MODEL_DIR
	@$(VENV_PYTHON) -m inference.classify $(call options,model_dir=MODEL_DIR text=TEXT text=TEXT_B input=INPUT \
		output=OUTPUT vocab_file=VOCAB) $(ARGS)
export: $(READY) ## writes the model in MODEL_DIR into the folder TO, in FORMAT, for other programs, and checks it
	@$(VENV_PYTHON) -m inference.export $(call options,model_dir=MODEL_DIR to=TO format=FORMAT input=INPUT \
		vocab_file=VOCAB) $(ARGS)
report: $(READY) ## writes report.json and report.html of the model in MODEL_DIR into it
	@$(VENV_PYTHON) -m inference.report $(call options,model_dir=MODEL_DIR predictions=PREDICTIONS) \
		$(if $(GIVEN_DATA),$(call options,data_dir=DATASET)) $(ARGS)
convert: $(READY) ## writes the checkpoint FROM into the folder TO, for the Model Zoo or Hugging Face
	@$(VENV_PYTHON) -m train.convert $(call quote,$(FROM)) $(call quote,$(TO)) $(ARGS)

##@ Checks
demo: $(READY) ## runs the whole pipeline on invented sentences, in build/demo
	@rm -rf build/demo
	@$(VENV_PYTHON) -m demo.run build/demo
quality: $(TRAIN_READY) ## trains CONFIG with several seeds; fails if their median is outside CONFIG's band
	$(if $(or $(filter-out minilm,$(MODEL)),$(CHECKPOINT),$(ASKS_HELP)),$(train),@$(MINILM) 2>&1)
# In the order of the files: xdist would put those with few tests last, but they take the longest.
test: $(READY) ## runs all tests except long ones and those of the Cerebras backend
	@$(VENV_PYTHON) -m pytest -m "not long" --numprocesses 2 --dist loadfile --no-loadscope-reorder $(ARGS)
test-long: $(READY) ## runs the long ones: kills, several processes and machines, XLA's cache, all of check-gpu
	@$(VENV_PYTHON) -m pytest -m long $(ARGS)
test-wse: $(READY) ## runs the tests of the Cerebras backend, on TensorFlow 2.2.0
	@PYTHON37="$(PYTHON37)" tests/wse/run.sh $(ARGS)

##@ Benchmarks
bench-data: $(BENCH_NEEDS) ## measures the speed of `make data` on SST-2 in TFDS_DATA_DIR, compared with others
	@$(VENV_PYTHON) -m bench.data $(call option_of,tfds_data_dir,$(or $(TFDS_DATA_DIR),$(HOME)/tensorflow_datasets)) \
		$(call options,vocab_file=VOCAB files=FILES) $(ARGS)
bench-input: $(BENCH_NEEDS) ## measures the speed of our batches from DATASET, compared with others
	@$(VENV_PYTHON) -m bench.input $(call options,data_dir=DATASET) $(ARGS)
bench-train: $(BENCH_NEEDS) ## measures the speed of training steps on DATASET (of sst2), compared with PyTorch
	@$(VENV_PYTHON) -m bench.train $(call options,data_dir=DATASET) $(ARGS)
bench-classify: $(BENCH_NEEDS) ## measures answers to sentences of GLUE_DIR with models of DATASET, compared with transformers
	@$(VENV_PYTHON) -m bench.classify $(call options,data_dir=DATASET glue_dir=GLUE_DIR) $(ARGS)
bench-parity: $(BENCH_NEEDS) ## counts texts in GLUE_DIR and GOLDEN that tokenizers split unlike Google's
	@$(VENV_PYTHON) -m bench.parity $(call options,glue_dir=GLUE_DIR golden=GOLDEN vocab_file=VOCAB) $(ARGS)

parity: $(READY) ## runs the classifier of the Model Zoo at MODELZOO beside ours, on TensorFlow 2.2.0: a table of differences
	@PYTHON37="$(PYTHON37)" $(VENV_PYTHON) -m bench.modelzoo $(call options,modelzoo=MODELZOO) $(ARGS)
check-gpu: $(READY) ## checks the trainer on a GPU: numbers, resume, memory, speed (ARGS=--small for a CPU)
	@$(VENV_PYTHON) -m bench.gpu $(ARGS)

##@ Development
lint: $(READY) ## checks format, style and types
	@$(VENV_PYTHON) -m ruff format --check .
	@$(VENV_PYTHON) -m ruff check .
	@$(VENV_PYTHON) -m mypy
format: $(READY) ## fixes format and style
	@$(VENV_PYTHON) -m ruff format .
	@$(VENV_PYTHON) -m ruff check --fix .
lock: ## updates requirements.lock from pyproject.toml (needs uv)
	uv pip compile --universal --all-extras --python-version 3.10 --upgrade --no-annotate \
		--no-header --no-emit-index-url --output-file requirements.lock pyproject.toml
