import paramiko

client = paramiko.SSHClient()
client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
client.connect("ioc-sr01", username="ioc", timeout=3)
_, out, _ = client.exec_command("caput SR:HC08:SP 0.2")
results = {"out": out.read().decode()}
