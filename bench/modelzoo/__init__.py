"""The Cerebras Model Zoo's own BERT classifier, run beside ours on the same rows.

It comes from a checkout that the user has; nothing of it is here. Modules that run in .venv-wse are
for Python 3.7: theirs.py, data_of_theirs.py, ours.py, parts.py, graphs.py.
"""
