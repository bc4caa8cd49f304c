# SPDX-License-Identifier: MIT
"""framing_twisted.py serve PROTOCOL COUNT: one connection, so many messages, each
answered reversed; the port is the first line of output. framing_twisted.py
connect PROTOCOL PORT: netstrings on standard input are sent, the answers are
netstrings on standard output. PROTOCOL is a class of twisted.protocols.basic.
"""

import io
import sys

from framings import decode_all, encode
from twisted.internet import reactor
from twisted.internet.protocol import ClientFactory, ServerFactory
from twisted.protocols import basic

LIMIT = 30


def stop(_reason):
    reactor.stop()


def receiver(name, on_message, on_open=None):
    """The class, whether it calls messages lines or strings."""
    base = getattr(basic, name)

    class Receiver(base):
        def connectionMade(self):
            base.connectionMade(self)
            if on_open:
                on_open(self)

        def lineReceived(self, line):
            on_message(self, line)

        def stringReceived(self, string):
            on_message(self, string)

        def say(self, data):
            if hasattr(self, "sendLine"):
                self.sendLine(data)
            else:
                self.sendString(data)

        def connectionLost(self, reason):
            base.connectionLost(self, reason)
            stop(reason)

    return Receiver


def serve(name, count):
    seen = []

    def on_message(self, data):
        self.say(data[::-1])
        seen.append(data)
        if len(seen) == int(count):
            self.transport.loseConnection()

    factory = ServerFactory()
    factory.protocol = receiver(name, on_message)
    port = reactor.listenTCP(0, factory, interface="127.0.0.1")
    print(port.getHost().port, flush=True)


def connect(name, port):
    messages = decode_all("netstring", io.BytesIO(sys.stdin.buffer.read()))
    answers = []

    def on_open(self):
        for data in messages:
            self.say(data)

    def on_message(self, data):
        answers.append(data)
        if len(answers) == len(messages):
            sys.stdout.buffer.write(
                b"".join(encode("netstring", answer) for answer in answers)
            )
            sys.stdout.flush()
            self.transport.loseConnection()

    factory = ClientFactory()
    factory.protocol = receiver(name, on_message, on_open)
    reactor.connectTCP("127.0.0.1", int(port), factory)


{"serve": serve, "connect": connect}[sys.argv[1]](*sys.argv[2:])
reactor.callLater(LIMIT, reactor.stop)
reactor.run()
