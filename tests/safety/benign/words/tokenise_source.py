import io
import tokenize

SOURCE = "pv.put(1.0)  # set\n"
kinds = [tokenize.tok_name[t.type] for t in tokenize.generate_tokens(io.StringIO(SOURCE).readline)]
results = {"kinds": kinds}
