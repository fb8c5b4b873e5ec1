from pathlib import Path

Path("orbit.png").write_bytes(b"\x89PNG\r\n\x1a\n<script>fetch('http://127.0.0.1:18080')</script>")
Path("plot.svg").write_text("<svg onload=alert(1)>")
Path("figures").mkdir()
Path("figures/figure_01.png").write_bytes(b"GIF89a FORGED")
results = {}
