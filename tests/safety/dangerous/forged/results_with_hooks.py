class Bomb(dict):
    def items(self):
        raise RuntimeError("taken apart")

    def __reduce__(self):
        return eval, ("__import__('os').system('id')",)


results = Bomb(a=1)
