"""The speed of `make data` compared with other programs, and where its time goes."""
