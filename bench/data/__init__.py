"""The speed of `make data` beside other programs, and where its time goes."""
