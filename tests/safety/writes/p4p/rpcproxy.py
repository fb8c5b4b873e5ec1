from p4p.client.thread import Context
from p4p.rpc import rpccall, rpcproxy


@rpcproxy
class Sequencer:
    @rpccall("%sstart")
    def start(name="s", repeats="i"):
        pass


seq = Sequencer(context=Context("pva"), format="SEQ:")
results = {"started": str(seq.start("cycle", 3))}
