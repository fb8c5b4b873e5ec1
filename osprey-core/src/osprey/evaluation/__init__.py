"""Evaluation: a set of requests with what each has to lead to, asked for real, and scored.

`sets` and `runs` read the files, `asking` asks, `judging` compares, `scoring` counts, `reports` writes. Nothing here
decides on a request for approval: what an evaluation asks for stays undone. Only the command line imports from here.
"""
