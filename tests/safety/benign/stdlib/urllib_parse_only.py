from urllib.parse import parse_qs, urlencode, urlsplit

url = "http://archiver.example/data?" + urlencode({"pv": "SR:DCCT", "op": "put"})
results = {"host": urlsplit(url).hostname, "q": parse_qs(urlsplit(url).query)}
