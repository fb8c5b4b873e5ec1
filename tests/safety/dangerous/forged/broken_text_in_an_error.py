class Strange(Exception):
    pass


Strange.__name__ = "Str\ud800nge"
raise Strange("half a pair: \udfff \x1b[31m \u202e")
