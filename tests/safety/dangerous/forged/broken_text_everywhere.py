import os

os.write(1, b"\xff\xfe\x00 \xed\xa0\x80\n")
results = {"half \ud800": "of a pair \udfff", "list": ["\udc80"]}
