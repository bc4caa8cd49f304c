# SPDX-License-Identifier: MIT
"""pier order and pier service against Python and getent."""

import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile

import tap
import tool
from tap import contains, equal
from tool import events, expect, run


def usage(*words):
    """The line of a usage error."""
    done = expect(2, *words)
    equal(done.out, b"", "standard output")
    return done.err.splitlines()[0]


def test_order_is_what_python_makes_of_it():
    for value in (0, 1, 255, 1234, 65535, 65536, 2**32 - 1, 2**32, 2**64 - 1):
        (event,) = events(expect(0, "order", "--json", str(value)), "order")
        equal(int(event["value"]), value)
        equal([w["bits"] for w in event["widths"]],
              [b for b in (16, 32, 64) if value < 1 << b])
        for width in event["widths"]:
            form = {16: "H", 32: "I", 64: "Q"}[width["bits"]]
            equal(width["big"], struct.pack(">" + form, value).hex())
            equal(width["little"], struct.pack("<" + form, value).hex())
            data = bytes.fromhex(width["big"])
            equal(int(width["swapped"]), struct.unpack("<" + form, data)[0])


def test_order_1234_is_53764_and_3523477504():
    shown = expect(0, "order", "1234").text.splitlines()
    equal(len(shown), 5)
    contains(shown[2], "04 d2")
    assert shown[2].startswith("  16 ") and "53764 0xd204" in shown[2], shown
    assert "3523477504 0xd2040000" in shown[3], shown
    equal(expect(0, "order", "0x4d2").text.splitlines()[1:], shown[1:])


def test_order_refuses_what_does_not_fit():
    equal(usage("order", "--bits", "16", "70000"),
          "pier: order: 70000 does not fit 16 bits; expected 0 to 65535")
    contains(usage("order", "-b32", str(2**32)), "does not fit 32 bits")
    contains(usage("order", str(2**64)), "is no number of at most 64 bits")
    for text in ("", "0x", "12a", "0xg", "1.5", " 1"):
        contains(usage("order", text), "is no number")
    # One that is wrong: nothing is shown of the others either.
    usage("order", "1", "x")


def test_order_reads_bytes():
    (event,) = events(expect(0, "order", "--json", "-x", "04d2"), "order")
    equal((event["value"], event["widths"][0]["swapped"]), ("1234", "53764"))
    for text in ("00:00:04:d2", "00 00 04 d2", "000004D2"):
        (event,) = events(expect(0, "order", "--json", "-x", text), "order")
        equal((event["value"], event["widths"][0]["bits"]), ("1234", 32))
    for text in ("04d", "0", "04d2ff", "", "zz", "04  d2", "0x04"):
        contains(usage("order", "-x", text), "is not 2, 4 or 8 bytes")


def getent(*words):
    done = subprocess.run(["getent", "services", *words],
                          stdout=subprocess.PIPE, text=True, check=False)
    return [line.split() for line in done.stdout.splitlines()]


def need_getent():
    if shutil.which("getent") is None or not os.path.exists("/etc/services"):
        raise tap.Skip("no getent, or no /etc/services")


def test_service_lists_what_getent_lists():
    need_getent()
    listed = events(expect(0, "service", "--json"), "service")
    equal([[e["name"], f"{e['port']}/{e['protocol']}", *e["aliases"]]
           for e in listed], getent())
    shown = expect(0, "service").text.splitlines()
    equal(len(shown), len(listed))


def test_service_by_port_and_by_name_as_getent():
    need_getent()
    # Some of them: to run pier for each takes its time.
    for name, where, *_ in getent()[::9]:
        port, protocol = where.split("/")
        for word in (where, f"{name}/{protocol}"):
            found = events(expect(0, "service", "--json", word), "service")
            equal(found[0]["name"], getent(word)[0][0], word)
            equal({e["protocol"] for e in found}, {protocol})
        if protocol == "tcp":
            assert socket.getservbyname(name) in {
                e["port"] for e in
                events(expect(0, "service", "--json", name), "service")}
    equal(expect(0, "service", "-p", "udp", "domain").text.split(),
          ["53/udp", "domain"])


def test_service_ranges():
    need_getent()
    found = events(expect(0, "service", "--json", "20-25"), "service")
    equal(sorted((e["port"], e["name"]) for e in found),
          sorted((int(w.split("/")[0]), n) for n, w, *_ in getent()
                 if 20 <= int(w.split("/")[0]) <= 25))
    found = expect(0, "service", "20-25/udp").text
    assert found and "/tcp" not in found, found


def test_service_usage_names_the_range():
    contains(usage("service", "65536"), "out of range; expected 0 to 65535")
    contains(usage("service", "99999999999999999999"), "out of range")
    contains(usage("service", "20-65536"), "no range of ports from 0 to 65535")
    contains(usage("service", "25-20"), "the lower one first")
    contains(usage("service", "20-25-30"), "is no port")
    contains(usage("service", "80/"), "lacks a port or a protocol")
    contains(usage("service", "/tcp"), "lacks a port or a protocol")


def test_service_that_is_none_ends_with_1():
    done = expect(1, "service", "htpt")
    equal(done.out, b"")
    contains(done.err, "no service 'htpt'")
    contains(done.err, "hint: did you mean 'http'?")
    done = expect(1, "service", "http", "64999")
    contains(done.text, "http")
    expect(1, "service", "-p", "nope")


def needs_mount_namespace():
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        raise tap.Skip("needs root for a mount namespace")
    # Refused where the root is no mount point, as in a plain chroot.
    if subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL,
                      check=False).returncode != 0:
        raise tap.Skip("no mount namespace may be made here")


INSIDE = """
set -e
mount --bind "$1" /etc/services
shift
exec "$@"
"""


def with_services(path, *words):
    """pier with another file in place of /etc/services, where that is
    possible."""
    needs_mount_namespace()
    command = ["unshare", "-m", "--propagation", "private", "sh", "-c", INSIDE,
               "sh", path, tool.PIER, "service", *words]
    return subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)


def test_service_names_a_conflict_with_iana():
    with tempfile.NamedTemporaryFile("w", suffix="services") as file:
        file.write("http 80/tcp\nmine 443/tcp\nmail 25/tcp smtp\nmy 7777/tcp\n")
        file.flush()
        done = with_services(file.name)
        equal(done.stdout.splitlines(),
              ["80/tcp      http", "443/tcp     mine  (IANA: https)",
               "25/tcp      mail smtp", "7777/tcp    my"])
        done = with_services(file.name, "--conflicts", "--json")
        (event,) = [json.loads(line) for line in done.stdout.splitlines()]
        equal((event["name"], event["iana"], event["source"]),
              ("mine", "https", "file"))
        equal(with_services(file.name, "--conflicts", "80").returncode, 1)


def test_service_without_the_file_says_so():
    # An overlay of /etc without it: a bind mount cannot take a file away.
    needs_mount_namespace()
    script = "mount -t tmpfs none /etc && exec \"$@\""
    done = subprocess.run(
        ["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh",
         tool.PIER, "service", "ssh", "ntp/udp", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    equal(done.returncode, 0, done.stderr)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    equal([(e["name"], e["port"], e["source"]) for e in found],
          [("ssh", 22, "built-in"), ("ntp", 123, "built-in")])
    contains(done.stderr, "no /etc/services: the list is pier's own")


def test_nothing_is_shown_twice_when_the_reader_is_gone():
    read, write = os.pipe()
    os.close(read)
    process = subprocess.run([tool.PIER, "service"], stdout=write,
                             stderr=subprocess.PIPE, check=False)
    os.close(write)
    equal((process.returncode, process.stderr), (0, b""))
    equal(run("order", "1").code, 0)


if __name__ == "__main__":
    tap.main(globals())
