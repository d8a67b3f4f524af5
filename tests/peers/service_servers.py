"""Real servers, each started from scratch in a folder of its own: what the service checks are tried against.

A server is a row: what it is called, the programs it needs, where it listens, and how it is started. Those that nobody
packages small enough are written here by hand, from their specification, and say so in their name.
"""
import glob
import hashlib
import os
import pwd
import shutil
import socket
import ssl
import struct
import subprocess
import threading

import by_hand
from by_hand import pass_on, wait_for_close
from certificates import Authority

ADDRESS = "10.99.0.1"  # of the namespace that the test runs in
RADIUS_SECRET = "a shared secret"


class Bed:
    """A folder, the processes that run in it, and a certificate of an authority of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.processes = []
        self.sockets = []
        os.chmod(folder, 0o755)
        self._make_certificates()

    def path(self, *parts):
        path = os.path.join(self.folder, *parts)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def room(self, name, owner=None):
        path = os.path.join(self.folder, name)
        os.makedirs(path, exist_ok=True)
        if owner:
            shutil.chown(path, owner, pwd.getpwnam(owner).pw_gid)
        return path

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        os.chmod(path, mode)
        return path

    def run(self, *command, **options):
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, timeout=120, check=False, **options)
        if result.returncode:
            raise RuntimeError(f"{' '.join(command)}: {result.stdout}")
        return result.stdout

    def start(self, name, *command, **options):
        with open(self.path(f"{name}.log"), "ab") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       start_new_session=True, **options)
        self.processes.append((name, process))
        return process

    def log(self, name):
        with open(self.path(f"{name}.log"), encoding="utf-8", errors="replace") as text:
            return text.read()

    def stop(self):
        for _, process in self.processes:
            process.terminate()
        for _, process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for one in self.sockets:
            one.close()

    def _make_certificates(self):
        """`certificate` and `key` are a server's, the `stranger`'s are for another name, `other_ca` issued neither."""
        authority = Authority(self.folder)
        self.ca, self.other_ca = authority.certificate, Authority(self.folder, "other-ca").certificate
        self.certificate, self.key = authority.issue("server", "DNS:peers.example.jp")
        authority.issue("stranger", "DNS:stranger.example.jp")
        shutil.copyfile(self.key, self.path("readable.key"))
        os.chmod(self.path("readable.key"), 0o644)

    # --- by hand ---------------------------------------------------------------------------------------------------

    def serve(self, port, talk):
        self.sockets.append(by_hand.serve(ADDRESS, port, talk))

    def serve_udp(self, port, answer):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind((ADDRESS, port))
        self.sockets.append(server)

        def loop():
            while True:
                try:
                    octets, peer = server.recvfrom(2048)
                    reply = answer(octets)
                    if reply is not None:
                        server.sendto(reply, peer)
                except OSError:
                    return

        threading.Thread(target=loop, daemon=True).start()


# --- web ---------------------------------------------------------------------------------------------------------------

def nginx(bed):
    folder = bed.room("nginx", "nobody")
    bed.write("nginx.conf", f"""
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; user nobody nogroup;
events {{ worker_connections 64; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  ssl_certificate {bed.certificate}; ssl_certificate_key {bed.key};
  server {{ listen {ADDRESS}:8080; return 200 "hello"; }}
  server {{ listen {ADDRESS}:8443 ssl http2; return 200 "hello"; }}
  server {{ listen {ADDRESS}:8444 ssl; return 200 "hello"; }}
  server {{ listen {ADDRESS}:8445 ssl; ssl_certificate {bed.path('stranger.pem')};
            ssl_certificate_key {bed.path('stranger.key')}; return 200 "hello"; }}
}}
""")
    bed.start("nginx", "nginx", "-e", f"{folder}/error.log", "-c", bed.path("nginx.conf"))


def tomcat(bed):
    folder = bed.room("tomcat")
    for sub in ("conf", "logs", "temp", "webapps", "work"):
        bed.room(f"tomcat/{sub}")
    bed.write("tomcat/conf/server.xml", f"""<Server port="-1"><Service name="Catalina">
<Connector protocol="AJP/1.3" address="{ADDRESS}" port="8009" secretRequired="false"/>
<Engine name="Catalina" defaultHost="localhost"><Host name="localhost" appBase="webapps"/></Engine></Service></Server>
""")
    home = "/usr/share/tomcat10"
    bed.start("tomcat", "java", "-Xmx64m", "-XX:TieredStopAtLevel=1", f"-Dcatalina.home={home}",
              f"-Dcatalina.base={folder}", f"-Djava.io.tmpdir={folder}/temp", "-cp",
              f"{home}/bin/bootstrap.jar:{home}/bin/tomcat-juli.jar", "org.apache.catalina.startup.Bootstrap", "start")


# --- mail and files ------------------------------------------------------------------------------------------------------

def opensmtpd(bed):
    bed.write("smtpd.conf", f"""
listen on {ADDRESS} port 8025
action "drop" mda "/bin/true"
match for local action "drop"
""")
    bed.start("opensmtpd", "smtpd", "-d", "-f", bed.path("smtpd.conf"))
    # Debian's OpenSMTPD 6.8 cannot sign with OpenSSL 3: TLS is in front of it
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(bed.certificate, bed.key)

    def talk(peer):
        with context.wrap_socket(peer, server_side=True) as outside, \
                socket.create_connection((ADDRESS, 8025)) as inside:
            threading.Thread(target=pass_on, args=(inside, outside), daemon=True).start()
            pass_on(outside, inside)

    bed.serve(8465, talk)


def dovecot(bed):
    folder = bed.room("dovecot")
    bed.write("dovecot.conf", f"""
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap pop3
listen = {ADDRESS}
ssl = yes
ssl_cert = <{bed.certificate}
ssl_key = <{bed.key}
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}
}}
service imap-login {{
  inet_listener imap {{
    port = 8143
  }}
  inet_listener imaps {{
    port = 8993
    ssl = yes
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = 8110
  }}
  inet_listener pop3s {{
    port = 8995
    ssl = yes
  }}
}}
""")
    bed.start("dovecot", "dovecot", "-F", "-c", bed.path("dovecot.conf"))


def vsftpd(bed):
    bed.room("empty")
    bed.write("vsftpd.conf", f"listen=YES\nlisten_address={ADDRESS}\nlisten_port=8021\nbackground=NO\n"
              f"anonymous_enable=YES\nanon_root={bed.folder}/empty\nsecure_chroot_dir={bed.folder}/empty\n"
              "seccomp_sandbox=NO\nxferlog_enable=NO\n")
    bed.start("vsftpd", "vsftpd", bed.path("vsftpd.conf"))


def sshd(bed):
    bed.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", bed.path("ssh_host_key"))
    os.makedirs("/run/sshd", exist_ok=True)
    bed.start("sshd", "/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", "-h", bed.path("ssh_host_key"), "-p", "8022",
              "-o", f"ListenAddress={ADDRESS}", "-o", "UsePAM=no")


def telnetd(bed):
    def talk(peer):
        process = subprocess.Popen(["/usr/sbin/telnetd", "-E", "/bin/true"], stdin=peer, stdout=peer,
                                   stderr=subprocess.DEVNULL)
        process.wait(30)

    bed.serve(8023, talk)


def samba(bed):
    folder = bed.room("samba")
    os.makedirs("/run/samba", exist_ok=True)
    for sub in ("lock", "state", "cache", "pid", "private", "ncalrpc"):
        bed.room(f"samba/{sub}")
    bed.write("smb.conf", f"""[global]
  lock directory = {folder}/lock
  state directory = {folder}/state
  cache directory = {folder}/cache
  pid directory = {folder}/pid
  private dir = {folder}/private
  ncalrpc dir = {folder}/ncalrpc
  log file = {folder}/log
  interfaces = {ADDRESS}/24
  smb ports = 10445 139
  server role = standalone server
  netbios name = PEERS
  rpc start on demand helpers = no
  load printers = no
""")
    bed.start("smbd", "smbd", "--foreground", "--no-process-group", "-s", bed.path("smb.conf"))
    bed.start("nmbd", "nmbd", "--foreground", "--no-process-group", "-s", bed.path("smb.conf"))
    bed.start("samba-dcerpcd", "/usr/libexec/samba/samba-dcerpcd", "--foreground", "--no-process-group",
              f"--configfile={bed.path('smb.conf')}", "--libexec-rpcds")


def tftpd(bed):
    bed.start("tftpd", "in.tftpd", "-L", "-a", f"{ADDRESS}:8069", "-s", bed.room("empty"))


# --- directory, names, time ------------------------------------------------------------------------------------------------

def slapd(bed):
    folder = bed.room("slapd")
    bed.write("slapd.conf", f"pidfile {folder}/pid\nargsfile {folder}/args\nTLSCertificateFile {bed.certificate}\n"
              f"TLSCertificateKeyFile {bed.key}\nTLSCACertificateFile {bed.ca}\n"
              'modulepath /usr/lib/ldap\nmoduleload back_null\ndatabase null\nsuffix ""\n')
    bed.start("slapd", "slapd", "-d", "0", "-f", bed.path("slapd.conf"), "-h",
              f"ldap://{ADDRESS}:8389 ldaps://{ADDRESS}:8636")


def dnsmasq(bed):
    bed.start("dnsmasq", "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
              f"--listen-address={ADDRESS}", "--bind-interfaces", "--port=8053", "--user=nobody",
              "--pid-file=", "--no-daemon")


def chronyd(bed):
    folder = bed.room("chrony")
    bed.write("chrony.conf", f"local stratum 5\nport 8123\nallow\ncmdport 0\nbindaddress {ADDRESS}\n"
              f"pidfile {folder}/pid\ndriftfile {folder}/drift\nbindcmdaddress /\n")
    bed.start("chronyd", "chronyd", "-d", "-x", "-u", "root", "-f", bed.path("chrony.conf"))


def krb5kdc(bed):
    folder = bed.room("krb5")
    environment = {**os.environ, "KRB5_CONFIG": bed.path("krb5.conf"), "KRB5_KDC_PROFILE": bed.path("kdc.conf")}
    bed.write("krb5.conf", "[libdefaults]\n default_realm = EXAMPLE.JP\n")
    bed.write("kdc.conf", f"""[kdcdefaults]
 kdc_listen = {ADDRESS}:8088
 kdc_tcp_listen = {ADDRESS}:8088
[realms]
 EXAMPLE.JP = {{
  database_name = {folder}/principal
  key_stash_file = {folder}/stash
 }}
""")
    bed.run("kdb5_util", "create", "-s", "-P", "master", "-r", "EXAMPLE.JP", env=environment)
    bed.start("krb5kdc", "krb5kdc", "-n", env=environment)


def rpcbind(bed):
    os.makedirs("/run/rpcbind", exist_ok=True)
    bed.start("rpcbind", "rpcbind", "-f")


def snmpd(bed):
    bed.write("snmpd.conf", "rocommunity public\n")
    bed.start("snmpd", "snmpd", "-f", "-Lo", "-C", "-c", bed.path("snmpd.conf"), "-I", "system_mib,snmpEngine,usmStats",
              "-p", bed.path("snmpd.pid"), f"udp:{ADDRESS}:8161",
              env={**os.environ, "SNMP_PERSISTENT_DIR": bed.room("snmp")})


def freeradius(bed):
    folder = bed.room("radius")
    bed.write("radius/radiusd.conf", f"""
prefix = /usr
logdir = {folder}
run_dir = {folder}
raddbdir = {folder}
db_dir = {folder}
pidfile = {folder}/pid
max_request_time = 5
security {{
  status_server = yes
}}
log {{
  destination = stdout
}}
thread pool {{
  start_servers = 1
  max_servers = 1
  min_spare_servers = 0
  max_spare_servers = 1
  max_requests_per_server = 0
}}
client localhost {{
  ipaddr = {ADDRESS}
  secret = "{RADIUS_SECRET}"
}}
modules {{
}}
server default {{
  listen {{
    type = auth
    ipaddr = {ADDRESS}
    port = 8812
  }}
  listen {{
    type = acct
    ipaddr = {ADDRESS}
    port = 8813
  }}
  authorize {{
  }}
  preacct {{
  }}
}}
""")
    bed.start("freeradius", "freeradius", "-f", "-l", "stdout", "-d", folder, "-D", "/usr/share/freeradius")


# --- telephony ---------------------------------------------------------------------------------------------------------------

def kamailio(bed):
    modules = glob.glob("/usr/lib/*/kamailio/modules")[0]
    bed.write("kamailio.cfg", f"""#!KAMAILIO
debug=0
log_stderror=yes
fork=yes
children=1
tcp_children=1
disable_tcp=no
auto_aliases=no
listen=udp:{ADDRESS}:8060
listen=tcp:{ADDRESS}:8060
mpath="{modules}"
loadmodule "sl.so"
request_route {{
  sl_send_reply("200", "OK");
}}
""")
    bed.start("kamailio", "kamailio", "-DD", "-E", "-f", bed.path("kamailio.cfg"), "-P", bed.path("kamailio.pid"),
              "-Y", bed.room("kamailio"), "-m", "16", "-M", "4")


def coturn(bed):
    bed.start("coturn", "turnserver", "-n", "--listening-port=8478", f"--listening-ip={ADDRESS}", "--no-tls",
              "--no-dtls", "--no-cli", f"--userdb={bed.path('turn.db')}", "--log-file=stdout", "--pidfile",
              bed.path("turn.pid"), "--relay-threads=1")


def prosody(bed):
    folder = bed.room("prosody", "prosody")
    bed.run("install", "-m", "600", "-o", "prosody", bed.key, f"{folder}/key.pem")
    bed.write("prosody.cfg.lua", f"""
daemonize = false
pidfile = "{folder}/pid"
data_path = "{folder}"
log = {{ {{ levels = {{ min = "info" }}, to = "console" }} }}
modules_enabled = {{ "tls" }}
modules_disabled = {{ "s2s" }}
interfaces = {{ "{ADDRESS}" }}
c2s_ports = {{ 8222 }}
c2s_direct_tls_ports = {{ 8223 }}
s2s_ports = {{ }}
ssl = {{ key = "{folder}/key.pem", certificate = "{bed.certificate}" }}
c2s_direct_tls_ssl = {{ key = "{folder}/key.pem", certificate = "{bed.certificate}" }}
VirtualHost "peers.example.jp"
""")
    bed.start("prosody", "setpriv", "--reuid=prosody", "--regid=prosody", "--clear-groups", "prosody", "--config",
              bed.path("prosody.cfg.lua"))


def charon(bed):
    folder = bed.room("charon")
    bed.write("strongswan.conf", f"charon {{\n  load = random nonce sha1 sha2 hmac kdf aes gmp kernel-netlink socket-default\n\n"
              f"  piddir = {folder}\n  filelog {{\n    stderr {{\n      default = 1\n    }}\n  }}\n}}\n")
    bed.start("charon", "/usr/lib/ipsec/charon", env={**os.environ, "STRONGSWAN_CONF": bed.path("strongswan.conf")})


# --- screens -------------------------------------------------------------------------------------------------------------------

def xvnc(bed):
    bed.start("xvnc", "Xtigervnc", ":77", "-rfbport", "8900", "-interface", ADDRESS, "-SecurityTypes", "None", "-geometry",
              "320x200", "-depth", "16", "-nolisten", "tcp", "-nolock")


def xrdp(bed):
    with open("/etc/xrdp/xrdp.ini", encoding="utf-8") as shipped:
        text = shipped.read()
    lines = []
    for line in text.splitlines():
        if line.startswith("port=3389"):
            line = f"port=tcp://{ADDRESS}:8389"
        elif line.startswith("certificate="):
            line = f"certificate={bed.certificate}"
        elif line.startswith("key_file="):
            line = f"key_file={bed.key}"
        elif line.startswith("LogFile="):
            line = f"LogFile={bed.path('xrdp-own.log')}"
        lines.append(line.replace("8389", "8338"))
    bed.write("xrdp.ini", "\n".join(lines) + "\n")
    bed.start("xrdp", "xrdp", "--nodaemon", "--config", bed.path("xrdp.ini"))


# --- Java ----------------------------------------------------------------------------------------------------------------------

def zookeeper(bed):
    bed.write("zoo.cfg", f"tickTime=2000\ndataDir={bed.room('zookeeper')}\nclientPortAddress={ADDRESS}\n"
              "clientPort=8181\nadmin.enableServer=false\n")
    jars = "/usr/share/java"
    bed.start("zookeeper", "java", "-Xmx64m", "-XX:TieredStopAtLevel=1", "-cp", f"/etc/zookeeper/conf:{jars}/*",
              "org.apache.zookeeper.server.quorum.QuorumPeerMain", bed.path("zoo.cfg"))


def rmiregistry(bed):
    bed.start("rmiregistry", "rmiregistry", "-J-Xmx32m", "8099")


# --- by hand, from the specification --------------------------------------------------------------------------------------------

def sql_server(bed):
    """MS-TDS section 2.2.6.5: the response to a pre-login, version 15.0.2000."""
    def talk(peer):
        request = peer.recv(4096)
        if len(request) < 8 or request[0] != 0x12 or struct.unpack(">H", request[2:4])[0] != len(request):
            return
        options = struct.pack(">BHHBHHB", 0, 11, 6, 1, 17, 1, 0xff) + bytes((15, 0, 0x07, 0xd0, 0, 0)) + b"\x02"
        peer.sendall(struct.pack(">BBHHBB", 4, 1, 8 + len(options), 0, 1, 0) + options)
        wait_for_close(peer)

    bed.serve(8433, talk)
    bed.serve_udp(8434, lambda octets: b"\x05\x12\x00ServerName;MGR01;;" if octets == b"\x03" else None)


def gatekeeper(bed):
    """H.225.0 section 7.8: a confirmation to a request, sent to the address that the request names."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((ADDRESS, 8719))
    bed.sockets.append(server)

    def loop():
        while True:
            try:
                octets, _ = server.recvfrom(2048)
                if octets[:2] == b"\0\0" and octets[4:11] == b"\x06\x00\x08\x91\x4a\x00\x04" and octets[11] == 0:
                    peer = (socket.inet_ntoa(octets[12:16]), struct.unpack(">H", octets[16:18])[0])
                    server.sendto(b"\x04\x00" + octets[2:12] + socket.inet_aton(ADDRESS) + b"\x06\xb7", peer)
            except OSError:
                return

    threading.Thread(target=loop, daemon=True).start()


def cldap(bed):
    """RFC 4511: an empty result for a search, by its message number. Debian's slapd has no CLDAP."""
    def answer(octets):
        if len(octets) < 10 or octets[0] != 0x30 or octets[2] != 2:
            return None
        number = octets[2:4 + octets[3]]
        body = number + b"\x65\x07\x0a\x01\x00\x04\x00\x04\x00"
        return bytes((0x30, len(body))) + body if octets[4 + octets[3]] == 0x63 else None

    bed.serve_udp(8391, answer)


def openwire(bed):
    def talk(peer):
        body = b"\x01ActiveMQ" + struct.pack(">I", 12) + b"\x00"
        peer.sendall(struct.pack(">I", len(body)) + body)
        wait_for_close(peer)

    bed.serve(8616, talk)


def stomp(bed):
    def talk(peer):
        request = peer.recv(4096)
        if request.startswith(b"CONNECT\n") and request.endswith(b"\n\n\0"):
            peer.sendall(b"ERROR\nmessage:login required\n\n\0")

    bed.serve(8613, talk)


def cql(bed):
    def talk(peer):
        request = peer.recv(4096)
        if len(request) == 9 and request[:2] == b"\x04\x00" and request[4:] == b"\x05\0\0\0\0":
            body = b"\x00\x01\x00\x0bCQL_VERSION\x00\x01\x00\x053.4.4"
            peer.sendall(b"\x84\x00" + request[2:4] + b"\x06" + struct.pack(">I", len(body)) + body)
            wait_for_close(peer)

    bed.serve(8942, talk)


def rtsp(bed):
    def talk(peer):
        request = peer.recv(4096)
        if request.startswith(b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n") and request.endswith(b"\r\n\r\n"):
            peer.sendall(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS, DESCRIBE\r\n\r\n")
            wait_for_close(peer)

    bed.serve(8554, talk)


def radius_of_another(bed):
    """It answers whatever it is asked, sealed with a secret that nobody shares."""
    def answer(octets):
        if len(octets) < 20 or octets[0] != 12:
            return None
        head = bytes([2, octets[1], 0, 20])
        return head + hashlib.md5(head + octets[4:20] + b"a secret of its own").digest()

    bed.serve_udp(8814, answer)


def echo(bed):
    """RFC 862: what comes back is what was said, and proves nothing."""
    bed.serve_udp(8007, lambda octets: octets)


# --- the rows -------------------------------------------------------------------------------------------------------------------

class Server:
    def __init__(self, start, name, needs, *listens):
        self.start, self.name, self.needs, self.listens = start, name, needs, listens


SERVERS = (
    Server(nginx, "nginx", ["nginx"], ("tcp", 8080, "http"), ("tcp", 8443, "https"), ("tcp", 8444, "https")),
    Server(opensmtpd, "OpenSMTPD", ["smtpd"], ("tcp", 8025, "smtp"), ("tcp", 8465, "smtps")),
    Server(dovecot, "Dovecot", ["dovecot"], ("tcp", 8110, "pop3"), ("tcp", 8995, "pop3s"), ("tcp", 8143, "imap"),
           ("tcp", 8993, "imaps")),
    Server(vsftpd, "vsftpd", ["vsftpd"], ("tcp", 8021, "ftp")),
    Server(sshd, "OpenSSH", ["sshd"], ("tcp", 8022, "ssh")),
    Server(telnetd, "inetutils telnetd", ["telnetd"], ("tcp", 8023, "telnet")),
    Server(samba, "Samba", ["smbd", "nmbd"], ("tcp", 10445, "smb"), ("tcp", 139, "netbios-ssn"),
           ("udp", 137, "netbios-ns"), ("tcp", 135, "dcerpc")),
    Server(tftpd, "tftpd-hpa", ["in.tftpd"], ("udp", 8069, "tftp")),
    Server(slapd, "OpenLDAP", ["slapd"], ("tcp", 8389, "ldap"), ("tcp", 8636, "ldaps")),
    Server(dnsmasq, "dnsmasq", ["dnsmasq"], ("udp", 8053, "dns")),
    Server(chronyd, "chrony", ["chronyd"], ("udp", 8123, "ntp")),
    Server(krb5kdc, "MIT Kerberos", ["krb5kdc", "kdb5_util"], ("udp", 8088, "kerberos")),
    Server(rpcbind, "rpcbind", ["rpcbind"], ("udp", 111, "portmap")),
    Server(snmpd, "Net-SNMP", ["snmpd"], ("udp", 8161, "snmp")),
    Server(freeradius, "FreeRADIUS", ["freeradius"], ("udp", 8812, "radius"), ("udp", 8813, "radius")),
    Server(kamailio, "Kamailio", ["kamailio"], ("udp", 8060, "sip"), ("tcp", 8060, "sip")),
    Server(charon, "strongSwan", ["/usr/lib/ipsec/charon"], ("udp", 500, "ike")),
    Server(coturn, "coturn", ["turnserver"], ("udp", 8478, "stun")),
    Server(prosody, "Prosody", ["prosody"], ("tcp", 8222, "xmpp"), ("tcp", 8223, "xmpps")),
    Server(xvnc, "TigerVNC", ["Xtigervnc"], ("tcp", 8900, "vnc")),
    Server(xrdp, "xrdp", ["xrdp"], ("tcp", 8338, "rdp")),
    Server(zookeeper, "ZooKeeper", ["java"], ("tcp", 8181, "zookeeper")),
    Server(rmiregistry, "rmiregistry", ["rmiregistry"], ("tcp", 8099, "java-rmi")),
    Server(tomcat, "Tomcat", ["java"], ("tcp", 8009, "ajp")),
    Server(sql_server, "SQL Server (by hand)", [], ("tcp", 8433, "mssql"), ("udp", 8434, "mssql-browser")),
    Server(gatekeeper, "gatekeeper (by hand)", [], ("udp", 8719, "h323-ras")),
    Server(cldap, "LDAP over UDP (by hand)", [], ("udp", 8391, "cldap")),
    Server(openwire, "ActiveMQ (by hand)", [], ("tcp", 8616, "openwire")),
    Server(stomp, "STOMP broker (by hand)", [], ("tcp", 8613, "stomp")),
    Server(cql, "Cassandra (by hand)", [], ("tcp", 8942, "cql")),
    Server(rtsp, "RTSP server (by hand)", [], ("tcp", 8554, "rtsp")),
)
