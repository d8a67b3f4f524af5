#!/usr/bin/python3
"""Every service check and UDP payload against a real server of its protocol, and against one of another: what
`portconform check` and `portconform explain` tell. Usage: services.py BUILD. Runs in a network namespace of its own."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

import service_servers
from cores import need, need_root, wait_for
from service_servers import ADDRESS, RADIUS_SECRET, SERVERS, Bed

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def enter_namespace():
    """Runs this program again where nothing of the machine is seen."""
    if os.environ.get("PORTCONFORM_PEERS") == "inside":
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        # some servers want more than loopback
        subprocess.run(["ip", "link", "add", "veth0", "type", "veth", "peer", "name", "veth1"], check=True)
        subprocess.run(["ip", "addr", "add", f"{ADDRESS}/24", "brd", "+", "dev", "veth0"], check=True)
        for link in ("veth0", "veth1"):
            subprocess.run(["ip", "link", "set", link, "up"], check=True)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
        return
    need_root("it makes a network namespace")
    os.environ["PORTCONFORM_PEERS"] = "inside"
    os.environ["PATH"] = PATH
    os.execvp("unshare", ["unshare", "-n", "-m", sys.executable, *sys.argv])


class Look:
    """A site of one host with these ports, and what is seen of each."""

    def __init__(self, build, folder, name, ports, probe="sql_browser = true;", secret=RADIUS_SECRET):
        self.build = build
        self.ports = ports
        site = os.path.join(folder, name)
        os.makedirs(os.path.join(site, "hosts.d"))
        self.config = os.path.join(site, "site.conf")
        with open(self.config, "w", encoding="utf-8") as out:
            out.write(f'site: {{ name = "{name}"; probe = {{ {probe} }};')
            out.write(' radius = { secrets = "radius.secrets"; }; };\n' if secret else " };\n")
        with open(os.path.join(site, "radius.secrets"), "w", encoding="utf-8") as out:
            os.fchmod(out.fileno(), 0o600)
            out.write(f"default radius {secret}\n")
        rows = ",\n    ".join(f'{{ ports = "{transport} {port}"; service = "{service}"; }}'
                              for transport, port, service in ports)
        with open(os.path.join(site, "hosts.d", "peers.conf"), "w", encoding="utf-8") as out:
            out.write(f'host: {{ name = "peers"; addresses = ["{ADDRESS}"]; listeners = "none";\n  expect = (\n    '
                      f'{rows} ); }};\n')
        self._check()

    def _portconform(self, *arguments):
        return subprocess.run([os.path.join(self.build, "portconform"), *arguments], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False)

    def _check(self):
        result = self._portconform("check", "-C", self.config, "--format", "json")
        if not result.stdout:
            raise AssertionError(result.stderr)
        findings = json.loads(result.stdout)["findings"]
        self.findings = {(one["transport"], one["port"]): one for one in findings}

    def everything(self):
        """All that is told about this site, by every form."""
        forms = [self._portconform("check", "-C", self.config, "--format", form) for form in ("text", "json", "tsv")]
        forms += [self._portconform("explain", "-C", self.config, "peers", f"{self.ports[0][1]}/udp"),
                  self._portconform("lint", "-C", self.config), self._portconform("expect", "-C", self.config)]
        return "".join(one.stdout + one.stderr for one in forms)

    def seen(self, transport, port):
        finding = self.findings[(transport, port)]
        explained = self._portconform("explain", "-C", self.config, "peers",
                                      f"{port}/udp" if transport == "udp" else str(port)).stdout
        line = next(line.strip() for line in explained.splitlines() if line.strip().startswith("probe "))
        line = line[len("probe"):].strip()
        for tail in ("; the route is local", " (from here"):
            line = line.split(tail)[0]
        return finding["verdict"], finding["reason"], line


class Table:
    def __init__(self, title):
        self.title, self.rows, self.failed = title, [], []

    def add(self, service, server, look, transport, port, wanted):
        verdict, reason, line = look.seen(transport, port)
        good = (verdict, reason) in wanted
        self.rows.append(("ok" if good else "NO", f"{service}/{transport}", server, f"{verdict}: {reason}", line))
        if not good:
            self.failed.append(f"{service}/{transport} against {server}: {verdict}, {reason}; {line}; wanted {wanted}")

    def show(self):
        print(f"\n{self.title}")
        columns = [max(len(row[i]) for row in self.rows) for i in range(4)]
        for row in self.rows:
            print("  ".join(cell.ljust(columns[i]) for i, cell in enumerate(row[:4])) + "  " + row[4])


def is_up(transport, port):
    with open(f"/proc/net/{transport}", encoding="ascii") as table:
        rows = [line.split() for line in table][1:]
    with open(f"/proc/net/{transport}6", encoding="ascii") as table:
        rows += [line.split() for line in table][1:]
    return any(int(row[1].rsplit(":", 1)[1], 16) == port and (transport == "udp" or row[3] == "0A") for row in rows)


def start(bed, servers):
    for server in servers:
        server.start(bed)
    for server in servers:
        for transport, port, _ in server.listens:
            try:
                wait_for(f"{server.name} on {transport} {port}", lambda t=transport, p=port: is_up(t, p), 60)
            except RuntimeError as error:
                logs = [bed.log(name)[-2000:] for name, _ in bed.processes if name in server.start.__name__ or
                        server.start.__name__ in name]
                raise AssertionError(f"{error}\n" + "\n".join(logs)) from error


PROVEN = {"tcp": {("conforming", "service-proven")}, "udp": {("conforming", "udp-answer")}}
IMPOSTOR = {("impostor", "wrong-protocol")}


def service_is_tls(service):
    return service in ("https", "smtps", "pop3s", "imaps", "ldaps", "xmpps")


def real_servers(build, bed, servers):
    ports = [row for server in servers for row in server.listens]
    look = Look(build, bed.folder, "right", ports)
    table = Table("each service against a server of its own")
    for server in servers:
        for transport, port, service in server.listens:
            table.add(service, server.name, look, transport, port, PROVEN[transport])
    return table


def wrong_servers(build, bed, servers):
    """A port is probed once a look: as many looks as it takes, with another wrong server for each service."""
    of_service = {}
    for server in servers:
        for transport, port, service in server.listens:
            if transport == "tcp":
                of_service.setdefault(service, (server.name, port))
    table = Table("each service against a server of another protocol")
    wrong = {"http": "ssh", "https": "http", "smtp": "ftp", "ftp": "smtp", "smtps": "smtp", "pop3": "imap",
             "imap": "pop3", "ssh": "smtp", "telnet": "ssh", "imaps": "imap", "pop3s": "pop3", "xmpps": "xmpp",
             "ldaps": "ldap", "vnc": "ssh", "openwire": "ssh"}
    for service in of_service:
        server, port = of_service[wrong.get(service, "http")]
        wanted = {("impostor", "tls-expected")} if service_is_tls(service) else IMPOSTOR
        look = Look(build, bed.folder, f"wrong-{service}", [("tcp", port, service)])
        table.add(service, server, look, "tcp", port, wanted)
    for service in dict.fromkeys(row[2] for server in servers for row in server.listens if row[0] == "udp"):
        look = Look(build, bed.folder, f"echo-{service}", [("udp", 8007, service)])
        table.add(service, "echo (by hand)", look, "udp", 8007, IMPOSTOR)
    return table


def plain_and_tls(build, bed):
    table = Table("plain where TLS is expected, TLS where plain is expected, and whose certificate it is")
    cases = [("http", 8444, "nginx, HTTPS", "", ("impostor", "tls-unexpected")),
             ("smtp", 8465, "OpenSMTPD, SMTPS", "", ("impostor", "tls-unexpected")),
             ("ldap", 8636, "OpenLDAP, LDAPS", "", ("impostor", "tls-unexpected")),  # it closes without an alert
             ("imap", 8993, "Dovecot, IMAPS", "", ("impostor", "tls-unexpected")),
             ("https", 8080, "nginx, HTTP", "", ("impostor", "tls-expected")),
             ("tls", 8025, "OpenSMTPD, SMTP", "", ("impostor", "tls-expected")),
             # it waits for us to speak, and so do we
             ("smtps", 8443, "nginx, HTTPS", "", ("conforming", "accepted")),
             ("https", 8993, "Dovecot, IMAPS", "", ("impostor", "wrong-protocol")),
             ("tls", 8443, "nginx, HTTPS", "", ("conforming", "service-proven")),
             ("https", 8443, "nginx, of our authority", f'ca_file = "{bed.ca}";', ("conforming", "service-proven")),
             ("https", 8443, "nginx, of another", f'ca_file = "{bed.other_ca}";', ("impostor", "certificate-untrusted")),
             ("https", 8445, "nginx, for another name", f'ca_file = "{bed.ca}";', ("impostor", "certificate-name"))]
    for number, (service, port, server, probe, wanted) in enumerate(cases):
        look = Look(build, bed.folder, f"tls-{number}", [("tcp", port, service)], probe)
        table.add(service, server, look, "tcp", port, {wanted})
    return table


def shared_secrets(build, bed):
    """A server says nothing to those who do not share its secret: that is no proof of anything. A plugin without OpenSSL
    leaves the question to the command line; who shares another secret is no server of ours."""
    table = Table("RADIUS: with the secret, with another one, with none")
    proven, unproven = ("conforming", "udp-answer"), ("unproven", "silent-by-nature")
    cases = [(8812, "FreeRADIUS, authentication", RADIUS_SECRET, proven),
             (8813, "FreeRADIUS, accounting", RADIUS_SECRET, proven),
             (8812, "FreeRADIUS, another secret", "not-the-one", unproven),
             (8812, "FreeRADIUS, no secret", None, unproven),
             (8814, "RADIUS with a secret of its own (by hand)", RADIUS_SECRET, ("impostor", "wrong-protocol"))]
    for number, (port, server, secret, wanted) in enumerate(cases):
        look = Look(build, bed.folder, f"radius-{number}", [("udp", port, "radius")], secret=secret)
        table.add("radius", server, look, "udp", port, {wanted})
        told = look.everything()
        if RADIUS_SECRET in told or "not-the-one" in told:
            table.failed.append(f"radius against {server}: a secret is told")
    look = Look(build, bed.folder, "radius-plugin", [("udp", 8812, "radius")])
    plugin = subprocess.run([os.path.join(build, "check_portconform"), "-C", look.config, "-H", "peers"],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            timeout=120, check=False)
    if plugin.returncode or not plugin.stdout.startswith("PORTCONFORM OK"):
        table.failed.append(f"radius by the plugin: {plugin.returncode}, {plugin.stdout}")
    return table


def main(build):
    wanted = sys.argv[2:]
    servers = [one for one in SERVERS if not wanted or one.name in wanted]
    for server in servers:
        need(*server.needs)
    folder = tempfile.mkdtemp(prefix="portconform-services-")
    bed = Bed(folder)
    try:
        start(bed, servers)
        service_servers.echo(bed)
        tables = [real_servers(build, bed, servers)]
        if not wanted:
            tables += [wrong_servers(build, bed, servers), plain_and_tls(build, bed)]
        if any(server.name == "FreeRADIUS" for server in servers):
            service_servers.radius_of_another(bed)
            tables.append(shared_secrets(build, bed))
        for table in tables:
            table.show()
        failed = [text for table in tables for text in table.failed]
        print(f"\n{sum(len(table.rows) for table in tables)} looks, {len(failed)} not as they should be")
        for text in failed:
            print(text)
        if os.environ.get("SHOW_LOGS"):
            for name, _ in bed.processes:
                print(f"--- {name}\n{bed.log(name)[-1500:]}")
        return 1 if failed else 0
    finally:
        bed.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    enter_namespace()
    sys.exit(main(sys.argv[1]))
