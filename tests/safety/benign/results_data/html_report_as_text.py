rows = [("SR:HC01:SP", 0.1), ("<script>alert(1)</script>", 0.2)]
import html  # noqa: E402

body = "".join(f"<tr><td>{html.escape(n)}</td><td>{v}</td></tr>" for n, v in rows)
results = {"report": f"<table>{body}</table>"}
