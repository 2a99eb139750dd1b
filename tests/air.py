#!/usr/bin/env python3
"""A Wi-Fi interface without a radio, for the tests of `whereto live`.

In a user and network namespace of its own it makes a TUN interface that calls itself a monitor interface, starts a
command there, waits for the command to listen, and sends it the frames of a pcap file. What was sent is told on the
last line of standard output, as JSON. Exit status 77: the namespace or the interface cannot be made here.

    air.py [--rate N] [--loop N] [--linger S] [--signal NAME] [--name wmon0] FILE.pcap -- COMMAND...

Beside what was sent it tells what the command could still do while it ran: the effective capabilities of its threads,
and the Internet sockets in the namespace.

After the last frame it lingers, then sends the command the signal (TERM unless told otherwise; none to let it end by
itself) and waits for it.
"""
import argparse
import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time

SKIPPED = 77

# linux/sched.h
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
# linux/if_tun.h; 32 and 64 bit x86 and ARM encode them so
TUNSETIFF, TUNSETLINK, IFF_TUN = 0x400454CA, 0x400454CD, 1
# linux/sockios.h, linux/if.h
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCGIFINDEX, IFF_UP = 0x8913, 0x8914, 0x8933, 1
# linux/if_arp.h by link type of the file (tcpdump.org/linktypes.html)
HARDWARE = {127: 803, 105: 801, 119: 802}
# Before each frame: no flags, and the protocol that the kernel's Wi-Fi stack gives to monitor frames.
TUN_HEADER = struct.pack(">HH", 0, 0x0004)


def frames(path):
    """The frames of a little-endian pcap file with microseconds, and its link type."""
    with open(path, "rb") as file:
        data = file.read()
    magic, link = struct.unpack_from("<I", data)[0], struct.unpack_from("<I", data, 20)[0]
    if magic != 0xA1B2C3D4:
        raise SystemExit(f"{path} is not a little-endian pcap file")
    found, at = [], 24
    while at + 16 <= len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        found.append(data[at + 16 : at + 16 + length])
        at += 16 + length
    return found, link


def enter_namespaces():
    """Becomes root of a user namespace that owns an empty network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def make_interface(name, hardware):
    """Makes the interface, switches it on, and gives the descriptor that sends to it and its index."""
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    request = name.encode().ljust(16, b"\0")
    fcntl.ioctl(tun, TUNSETIFF, request + struct.pack("H22x", IFF_TUN))
    # Only while it is down may it change its kind.
    fcntl.ioctl(tun, TUNSETLINK, hardware)
    # Otherwise the kernel would send its own IPv6 packets there.
    try:
        with open(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "w") as file:
            file.write("1")
    except OSError:
        pass
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        flags = struct.unpack_from("H", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request + bytes(24)), 16)[0]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, request + struct.pack("H22x", flags | IFF_UP))
        index = struct.unpack_from("i", fcntl.ioctl(any_socket, SIOCGIFINDEX, request + bytes(24)), 16)[0]
    return tun, index


def is_listened_to(index):
    """Whether a packet socket is bound to the interface and running."""
    with open("/proc/net/packet") as file:
        rows = [line.split() for line in file][1:]
    return any(int(row[4]) == index and row[5] == "1" for row in rows)


def wait_for_listener(index, command):
    for _ in range(3000):
        if is_listened_to(index):
            # It is bound; filter and buffer follow within moments.
            time.sleep(0.3)
            return
        if command.poll() is not None:
            return
        time.sleep(0.01)


def send(tun, sent_frames, rate, loops):
    """Sends every frame `loops` times, at `rate` a second or as fast as it goes."""
    sent = refused = 0
    began = time.monotonic()
    for _ in range(loops):
        for frame in sent_frames:
            if rate:
                ahead = (sent + refused) / rate - (time.monotonic() - began)
                if ahead > 0.002:
                    time.sleep(ahead)
            try:
                os.write(tun, TUN_HEADER + frame)
                sent += 1
            except OSError:
                refused += 1
    return {"sent": sent, "refused": refused, "seconds": round(time.monotonic() - began, 3)}


def rights(process):
    """The effective capabilities of a process's threads, in hex, each once."""
    found = set()
    for thread in os.listdir(f"/proc/{process}/task"):
        with open(f"/proc/{process}/task/{thread}/status") as file:
            found.update(line.split()[1] for line in file if line.startswith("CapEff:"))
    return sorted(found)


def internet_sockets():
    """Rows of the tables of TCP, UDP and raw sockets."""
    count = 0
    for name in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6"):
        try:
            with open(f"/proc/net/{name}") as file:
                count += len(file.readlines()) - 1
        except OSError:
            pass
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--loop", type=int, default=1)
    parser.add_argument("--linger", type=float, default=0.5)
    parser.add_argument("--signal", default="TERM")
    parser.add_argument("--name", default="wmon0")
    asked = parser.parse_args()
    sent_frames, link = frames(asked.file)
    try:
        enter_namespaces()
        tun, index = make_interface(asked.name, HARDWARE[link])
    except OSError as error:
        print(f"no interface can be made here: {error}", file=sys.stderr)
        return SKIPPED
    command = subprocess.Popen([word for word in asked.command if word != "--"])
    wait_for_listener(index, command)
    told = send(tun, sent_frames, asked.rate, asked.loop)
    try:
        told |= {"rights": rights(command.pid), "internet_sockets": internet_sockets()}
    except OSError:
        pass  # It ended by itself.
    time.sleep(asked.linger)
    if asked.signal != "none" and command.poll() is None:
        command.send_signal(signal.Signals[f"SIG{asked.signal}"])
    told["status"] = command.wait()
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
