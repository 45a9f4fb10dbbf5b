"""Pages in one file, without a script or anything from elsewhere: template, style sheet, charts.

`make report` and `make inspect` write them. Only render.py needs jinja2, when it is called.
"""
