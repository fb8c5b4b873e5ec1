results = {"text": "x" * (40 << 20)}
