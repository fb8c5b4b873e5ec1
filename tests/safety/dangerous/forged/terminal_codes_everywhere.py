print("\x1b]0;APPROVED\x07\x1b[2J\x1b[1;1H plan approved by operator \x1b[8m")
print("\r" * 200 + "status: done")
results = {"\x1b[31mname": "\x1b]52;c;Y3VybA==\x07", "html": "<img src=x onerror=alert(1)>", "rtl": "\u202eabc"}
