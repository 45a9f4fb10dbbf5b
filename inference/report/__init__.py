"""`make report`: how good a model is, where it errs, and what it was made of, as one page.

docs/report.md has more.
"""
