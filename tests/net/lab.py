"""Test hosts in network namespaces: made, wired, and removed again by the test that needs them.

A lab has a firewall in the middle and zones around it. Each zone is a bridge inside the firewall's namespace; each
host is a namespace with one interface into its zone. Nothing of it is visible outside, and names carry the test's
process id, so that two labs do not meet.
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import needs  # noqa: E402


def need(*programs):
    """Skips, with the reason, where this machine cannot run the test."""
    needs.need_root("it makes network namespaces")
    needs.need(*programs)


def run(*command, check=True, **kwargs):
    result = subprocess.run(command, capture_output=True, text=True, **kwargs)
    if check and result.returncode:
        raise RuntimeError(f"{' '.join(command)}: {result.stderr.strip() or result.stdout.strip()}")
    return result


class Lab:
    """`zones`: {"server": 1} gives 10.98.1.0/24 and fd98:0:0:1::/64; {"server": "10.0.1"} gives a /24 of one's own and an
    IPv6 network by the zone's place in the list. `hosts`: {"mgr01": ("server", 10)}."""

    def __init__(self, zones, hosts, actor):
        self.tag = f"pc{os.getpid()}"
        self.zones, self.hosts, self.actor = zones, hosts, actor
        self.folder = tempfile.mkdtemp(prefix="portconform-lab-")
        self.processes = {}  # host -> [Popen]
        self.namespaces = []

    def __enter__(self):
        try:
            self._build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for host in list(self.processes):
            self.stop(host)
        for name in self.namespaces:
            run("ip", "netns", "del", name, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- building -------------------------------------------------------------------------------------------------

    def ns(self, host):
        return f"{self.tag}-{host}"

    def netns_path(self, host):
        return f"/run/netns/{self.ns(host)}"

    def network(self, zone, family=4):
        """What a zone's addresses begin with: "10.98.1." or "fd98:0:0:1::"."""
        number = self.zones[zone]
        if family == 4:
            return f"{number}." if isinstance(number, str) else f"10.98.{number}."
        return f"fd98:0:0:{list(self.zones).index(zone) if isinstance(number, str) else number}::"

    def address(self, host, family=4):
        zone, number = self.hosts[host]
        return f"{self.network(zone, family)}{number}"

    def _namespace(self, host):
        run("ip", "netns", "add", self.ns(host))
        self.namespaces.append(self.ns(host))
        self.inside(host, "ip", "link", "set", "lo", "up")
        self.sysctl(host, "net.ipv6.conf.all.accept_dad", "0")
        self.sysctl(host, "net.ipv6.conf.default.accept_dad", "0")

    def _build(self):
        self._namespace("fw")
        self.sysctl("fw", "net.ipv4.ip_forward", "1")
        self.sysctl("fw", "net.ipv6.conf.all.forwarding", "1")
        # a lab asks more questions a second than a real site
        self.sysctl("fw", "net.ipv4.icmp_ratelimit", "0")
        for zone in self.zones:
            bridge = f"br-{zone}"
            self.inside("fw", "ip", "link", "add", bridge, "type", "bridge")
            self.inside("fw", "ip", "addr", "add", f"{self.network(zone)}1/24", "dev", bridge)
            self.inside("fw", "ip", "addr", "add", f"{self.network(zone, 6)}1/64", "dev", bridge, "nodad")
            self.inside("fw", "ip", "link", "set", bridge, "up")
        for index, (host, (zone, _)) in enumerate(self.hosts.items()):
            self._namespace(host)
            self.sysctl(host, "net.ipv4.icmp_ratelimit", "0")
            # the link is made inside the firewall's namespace, so that nothing appears outside
            self.inside("fw", "ip", "link", "add", f"p{index}", "type", "veth", "peer", "name", f"h{index}")
            self.inside("fw", "ip", "link", "set", f"h{index}", "netns", self.ns(host), "name", "eth0")
            self.inside("fw", "ip", "link", "set", f"p{index}", "master", f"br-{zone}", "up")
            self.inside(host, "ip", "addr", "add", f"{self.address(host)}/24", "dev", "eth0")
            self.inside(host, "ip", "addr", "add", f"{self.address(host, 6)}/64", "dev", "eth0", "nodad")
            self.inside(host, "ip", "link", "set", "eth0", "up")
            self.inside(host, "ip", "route", "add", "default", "via", f"{self.network(zone)}1")
            self.inside(host, "ip", "-6", "route", "add", "default", "via", f"{self.network(zone, 6)}1")

    # --- what a test does -----------------------------------------------------------------------------------------

    def inside(self, host, *command, **kwargs):
        return run("ip", "netns", "exec", self.ns(host), *command, **kwargs)

    def sysctl(self, host, name, value):
        run("ip", "netns", "exec", self.ns(host), "sh", "-c", f"echo {value} > /proc/sys/{name.replace('.', '/')}")

    def separate(self):
        """Puts the firewall between the hosts of a zone, too: each knows its gateway and nobody else (IPv4)."""
        self.sysctl("fw", "net.ipv4.conf.all.send_redirects", "0")
        for zone in self.zones:
            self.sysctl("fw", f"net.ipv4.conf.br-{zone}.send_redirects", "0")
        for host, (zone, _) in self.hosts.items():
            gateway = f"{self.network(zone)}1"
            self.inside(host, "ip", "addr", "flush", "dev", "eth0", "scope", "global")
            self.inside(host, "ip", "addr", "add", f"{self.address(host)}/32", "dev", "eth0")
            self.inside(host, "ip", "route", "add", gateway, "dev", "eth0")
            self.inside(host, "ip", "route", "add", "default", "via", gateway)

    def nft(self, host, rules):
        """Replaces the host's whole ruleset."""
        self.inside(host, "nft", "-f", "-", input=f"flush ruleset\n{rules}\n")

    def start(self, host, program, *sockets):
        """Runs the actor under the name `program`; returns when all its sockets stand."""
        path = os.path.join(self.folder, program)
        if not os.path.exists(path):
            shutil.copy(self.actor, path)
        process = subprocess.Popen(["ip", "netns", "exec", self.ns(host), path, *sockets],
                                   stdout=subprocess.PIPE, text=True)
        self.processes.setdefault(host, []).append(process)
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{program} on {host} did not start")

    def stop(self, host):
        for process in self.processes.pop(host, []):
            process.send_signal(signal.SIGKILL)
            process.wait()
            process.stdout.close()

    def settle(self, test, seconds=5):
        """Waits for a condition that the kernel brings about (an address, a neighbour), not for time to pass."""
        end = time.monotonic() + seconds
        while not test():
            if time.monotonic() > end:
                raise RuntimeError("the lab did not settle")
            time.sleep(0.02)
