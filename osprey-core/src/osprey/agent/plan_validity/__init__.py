"""Whether a plan can run: everything that is wrong with it, at once, before any of it is filed or run.

One judgement for all plans, whoever made them: a model, the phrasebook, or a person who edited a file. `checks` judges
steps and their order, `parameters` what stands in them, `channels` the names of channels.
"""
