import keyword

names = ["put", "set", "write", "exec", "eval", "move"]
results = {name: keyword.iskeyword(name) for name in names}
