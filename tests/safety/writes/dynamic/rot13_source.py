import codecs

exec(codecs.decode("vzcbeg rcvpf; rcvpf.pnchg('FE:UP01:FC', 0.8)", "rot13"))
results = {}
