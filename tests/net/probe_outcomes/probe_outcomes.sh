#!/bin/sh
# Every way a probe can end, by the real situation: the base of the reason codes.
#
#     probe_outcomes.sh PROBE_ONCE ACTOR
#
#     src 10.99.1.1 ---- 10.99.1.254 hop 10.99.2.254 ---- 10.99.2.1 dst
#     2001:db8:1::1      2001:db8:1::fe  2001:db8:2::fe   2001:db8:2::1
#
# Ports of dst: TCP 8000 accepts, 8001 greets in plain text, 8002 has a full accept queue, 8003 loses every other SYN on
# the way; UDP 9000 is silent, 9001 sends back what came. Firewalls speak by port: see below.
set -u
probe=$1
actor=$2
PATH=/usr/sbin:/sbin:$PATH

if [ "$(id -u)" -ne 0 ]; then
    echo "skipped: network namespaces need root"
    exit 77
fi
for program in ip nft ss sysctl; do
    if ! command -v $program >/dev/null; then
        echo "skipped: $program is not installed"
        exit 77
    fi
done

src=pcpo-src-$$ hop=pcpo-hop-$$ dst=pcpo-dst-$$
servers=
work=$(mktemp -d)
failed=0
passed=0

clean_up() {
    for pid in $servers; do
        kill "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    for name in $src $hop $dst; do
        ip netns del "$name" 2>/dev/null
    done
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

in_ns() {
    name=$1
    shift
    ip netns exec "$name" "$@"
}

if ! ip netns add "$src" 2>"$work/error"; then
    echo "skipped: $(cat "$work/error")"
    exit 77
fi
ip netns add "$hop"
ip netns add "$dst"
if ! in_ns "$hop" nft list ruleset >/dev/null 2>"$work/error"; then
    echo "skipped: $(cat "$work/error")"
    exit 77
fi

# --- the network ---

for name in $src $hop $dst; do
    # nothing appears by itself, and ICMP is not rationed: the tests are many and the seconds few
    in_ns "$name" sysctl -q -w net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0 \
        net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
done
in_ns "$hop" ip link set lo up
in_ns "$hop" sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
for end in "$src src 10.99.1 2001:db8:1::" "$dst dst 10.99.2 2001:db8:2::"; do
    # shellcheck disable=SC2086
    set -- $end
    ip link add to-hop netns "$1" type veth peer name "to-$2" netns "$hop"
    in_ns "$1" sh -e -c "ip link set lo up
        ip addr add $3.1/24 dev to-hop; ip addr add ${4}1/64 dev to-hop nodad; ip link set to-hop up"
    in_ns "$hop" sh -e -c "ip addr add $3.254/24 dev to-$2; ip addr add ${4}fe/64 dev to-$2 nodad
        ip link set to-$2 up"
    in_ns "$1" sh -e -c "ip route add default via $3.254; ip -6 route add default via ${4}fe"
done

in_ns "$src" sh -e -c '
    ip addr add 10.99.1.2/24 dev to-hop          # a secondary address
    ip route add local 10.97.0.0/16 dev lo       # a prefix that is local without being an address
    ip route add blackhole 10.98.1.0/24; ip -6 route add blackhole 2001:db8:b::/64
    ip route add unreachable 10.98.2.0/24; ip -6 route add unreachable 2001:db8:c::/64
    ip route add prohibit 10.98.3.0/24; ip -6 route add prohibit 2001:db8:d::/64
    ip route add throw 10.98.4.0/24; ip -6 route add throw 2001:db8:e::/64' || exit 1

# --- the firewalls: ports 11xx at the hop, 12xx at the host itself, 13xx on our own machine ---

words() { # CHAIN-HOOK FIRST-PORT
    cat <<RULES
table inet t {
    chain c {
        type filter hook $1 priority 0;
        meta l4proto { tcp, udp } th dport $(($2 + 1)) drop
        tcp dport $(($2 + 2)) reject with tcp reset
        meta l4proto { tcp, udp } th dport $(($2 + 3)) reject with icmpx port-unreachable
        meta l4proto { tcp, udp } th dport $(($2 + 4)) reject with icmpx admin-prohibited
        meta l4proto { tcp, udp } th dport $(($2 + 5)) reject with icmpx host-unreachable
        meta l4proto { tcp, udp } th dport $(($2 + 6)) reject with icmpx no-route
        meta nfproto ipv4 meta l4proto { tcp, udp } th dport $(($2 + 7)) reject with icmp host-prohibited
        meta nfproto ipv4 meta l4proto { tcp, udp } th dport $(($2 + 8)) reject with icmp net-prohibited
        meta nfproto ipv4 meta l4proto { tcp, udp } th dport $(($2 + 9)) reject with icmp prot-unreachable
    }
}
RULES
}
words forward 1100 | in_ns "$hop" nft -f - || exit 1
in_ns "$hop" nft -f - <<'RULES' || exit 1
table inet lossy {
    chain c {
        type filter hook forward priority 0;
        tcp dport 8003 tcp flags & (syn | ack) == syn numgen inc mod 2 0 drop
    }
}
RULES
words input 1200 | in_ns "$dst" nft -f - || exit 1
words output 1300 | in_ns "$src" nft -f - || exit 1

# --- the servers ---

start_actor() { # NAMESPACE WHAT...
    name=$1
    shift
    : >"$work/ready"
    ip netns exec "$name" "$actor" "$@" >"$work/ready" 2>"$work/error" &
    servers="$servers $!"
    tries=0
    while ! grep -q ready "$work/ready"; do
        tries=$((tries + 1))
        if [ $tries -gt 100 ]; then
            echo "the server does not start: $(cat "$work/error")"
            exit 1
        fi
        sleep 0.05
    done
}
start_actor "$dst" tcp:0.0.0.0:8000 'tcp:[::]:8000:v6only' tcp:0.0.0.0:8001:banner tcp:0.0.0.0:8002:stuck tcp:0.0.0.0:8003 \
    udp:0.0.0.0:9000 'udp:[::]:9000:v6only' udp:0.0.0.0:9001:echo
start_actor "$src" tcp:0.0.0.0:8000

judge() { # TITLE EXPECTED FILE-OF-WHAT-WAS-SEEN PROBE-ARGUMENTS...
    title=$1 expected=$2 file=$3
    shift 3
    if [ "$(cat "$file")" = "$expected" ]; then
        passed=$((passed + 1))
        return
    fi
    failed=$((failed + 1))
    printf 'FAILED %s (%s)\n  expected %s\n  seen     %s\n  detail   %s\n' "$title" "$*" "$expected" \
        "$(cat "$file")" "$(cat "$file.detail")"
}

# expect TITLE "OUTCOME REASON ICMP OFFENDER SIGN PATH" PROBE-ARGUMENTS...
expect() {
    expected_title=$1 expected_line=$2
    shift 2
    in_ns "$src" "$probe" "$@" >"$work/seen" 2>"$work/seen.detail"
    judge "$expected_title" "$expected_line" "$work/seen" "$@"
}

# The same for those that take seconds: they run beside the others until slow_done.
slow_count=0 slow_pids=
expect_slow() {
    slow_count=$((slow_count + 1))
    {
        title=$1 expected=$2
        shift 2
        in_ns "$src" "$probe" "$@" >"$work/slow.$slow_count" 2>"$work/slow.$slow_count.detail"
        printf '%s\n%s\n%s\n' "$title" "$expected" "$*" >"$work/slow.$slow_count.what"
    } &
    slow_pids="$slow_pids $!"
}
slow_done() {
    for pid in $slow_pids; do
        wait "$pid"
    done
    for what in "$work"/slow.*.what; do
        { read -r title; read -r expected; read -r arguments; } <"$what"
        judge "$title" "$expected" "${what%.what}" "$arguments"
    done
}

t4=10.99.2.1 h4=10.99.1.254 s4=10.99.1.1
t6=2001:db8:2::1 h6=2001:db8:1::fe s6=2001:db8:1::1

# IPv6 needs a moment after its interfaces came up
tries=0
until in_ns "$src" "$probe" tcp $t6 8000 - 200 2>/dev/null | grep -q '^open' || [ $tries -ge 50 ]; do
    tries=$((tries + 1))
done

# --- the neighbour that does not answer (3.07 s of ARP) ---
expect_slow "no ARP answer" "silent neighbour-failed 3/1 $s4 - -" tcp 10.99.1.77 80 - 5000
expect_slow "no ARP answer, deadline before ARP gives up" "silent silent - - - -" tcp 10.99.1.78 80 - 1000
expect_slow "no neighbour discovery answer" "silent neighbour-failed 1/3 $s6 - -" tcp 2001:db8:1::77 80 - 5000
expect_slow "no ARP answer, UDP" "silent neighbour-failed 3/1 $s4 - -" udp 10.99.1.79 80 - 5000
expect_slow "no such host behind the hop" "stopped host-unreachable 3/1 $h4 - -" tcp 10.99.2.77 80 - 5000

# --- a lost SYN: the kernel sends another after a second, and the usual time-out waits for it ---
expect_slow "the first SYN is lost" "open accepted - - alive -" tcp $t4 8003 - 3000

# --- the target's own word ---
expect "open" "open accepted - - alive -" tcp $t4 8000
expect "open, IPv6" "open accepted - - alive -" tcp $t6 8000
expect "closed port" "refused rst - - alive -" tcp $t4 7999
expect "closed port, IPv6" "refused rst - - alive -" tcp $t6 7999
expect "plain text where TLS is expected" "open tls-expected - - alive -" tls $t4 8001 tls
expect "accepts and says nothing" "open accepted - - alive -" tls $t4 8000 tls 300
expect "TLS probe of a closed port" "refused rst - - alive -" tls $t4 7999 tls
expect "UDP closed" "refused port-unreachable 3/3 $t4 alive -" udp $t4 8999
expect "UDP closed, IPv6" "refused port-unreachable 1/4 $t6 alive -" udp $t6 8999
expect "UDP open but silent" "silent silent - - - -" udp $t4 9000 - 300
expect "UDP open but silent, IPv6" "silent silent - - - -" udp $t6 9000 - 300
expect "UDP answers, protocol unknown" "open udp-answer - - alive -" udp $t4 9001
expect "UDP answers in another protocol" "open wrong-protocol - - alive -" udp $t4 9001 dns
expect "UDP wrong protocol, a reflected request" "open wrong-protocol - - alive -" udp $t4 9001 ntp

# --- a hop's word ---
for transport in tcp udp; do
    expect "dropped by a hop" "silent silent - - - -" $transport $t4 1101 - 300
    expect "port-unreachable from a hop" "stopped port-unreachable-by-hop 3/3 $h4 - -" $transport $t4 1103
    expect "admin-prohibited" "stopped admin-prohibited 3/13 $h4 - -" $transport $t4 1104
    expect "host-unreachable" "stopped host-unreachable 3/1 $h4 - -" $transport $t4 1105
    expect "net-unreachable" "stopped net-unreachable 3/0 $h4 - -" $transport $t4 1106
    expect "host-prohibited" "stopped host-prohibited 3/10 $h4 - -" $transport $t4 1107
    expect "net-prohibited" "stopped net-prohibited 3/9 $h4 - -" $transport $t4 1108
    expect "protocol-unreachable" "stopped protocol-unreachable 3/2 $h4 - -" $transport $t4 1109
    expect "port-unreachable from a hop, IPv6" "stopped port-unreachable-by-hop 1/4 $h6 - -" $transport $t6 1103
    expect "admin-prohibited, IPv6" "stopped admin-prohibited 1/1 $h6 - -" $transport $t6 1104
    expect "address-unreachable, IPv6" "stopped host-unreachable 1/3 $h6 - -" $transport $t6 1105
    expect "no-route, IPv6" "stopped net-unreachable 1/0 $h6 - -" $transport $t6 1106
done
expect "reset by a hop looks like a closed port" "refused rst - - alive -" tcp $t4 1102

# --- the host's own firewall ---
expect "dropped by the host" "silent silent - - - -" tcp $t4 1201 - 300
expect "reset by the host's firewall" "refused rst - - alive -" tcp $t4 1202
expect "port-unreachable from the host" "refused port-unreachable 3/3 $t4 alive -" tcp $t4 1203
expect "prohibited by the host itself" "stopped admin-prohibited 3/13 $t4 alive -" tcp $t4 1204
expect "prohibited by the host itself, IPv6" "stopped admin-prohibited 1/1 $t6 alive -" tcp $t6 1204
expect "host-unreachable from the host itself" "stopped host-unreachable 3/1 $t4 alive -" tcp $t4 1205

# --- our own trouble ---
for transport in tcp udp; do
    expect "route blackhole" "local route-blackhole - - - -" $transport 10.98.1.1 80
    expect "route unreachable" "local no-route - - - -" $transport 10.98.2.1 80
    expect "route prohibited" "local route-prohibited - - - -" $transport 10.98.3.1 80
    expect "route none" "local no-route - - - -" $transport 10.98.4.1 80
    expect "route blackhole, IPv6" "local route-blackhole - - - -" $transport 2001:db8:b::1 80
    expect "route unreachable, IPv6" "local no-route - - - -" $transport 2001:db8:c::1 80
    expect "route prohibited, IPv6" "local route-prohibited - - - -" $transport 2001:db8:d::1 80
    expect "route none, IPv6" "local no-route - - - -" $transport 2001:db8:e::1 80
    expect "source not ours" "local no-source-address - - - -" $transport $t4 8000 - 500 192.0.2.9
    expect "source of the other family" "local no-source-address - - - -" $transport $t4 8000 - 500 $s6
    expect "our own firewall prohibits" "local local-other 3/13 $s4 - -" $transport $t4 1304
    expect "our own firewall: port-unreachable" "local local-other 3/3 $s4 - -" $transport $t4 1303
    expect "our own firewall prohibits, IPv6" "local local-other 1/1 $s6 - -" $transport $t6 1304
done
expect "our own firewall drops, UDP" "local no-permission - - - -" udp $t4 1301

for kind in tcp udp icmp; do
    expect "a link-local address without its interface" "local no-route - - - -" $kind fe80::1 80
done

# --- sources and local paths ---
expect "a source of ours" "open accepted - - alive -" tcp $t4 8000 - 500 10.99.1.2
expect "a source of ours, IPv6" "open accepted - - alive -" tcp $t6 8000 - 500 $s6
expect "a source of ours, UDP" "refused port-unreachable 3/3 $t4 alive -" udp $t4 8999 - 500 10.99.1.2
expect "loopback" "open accepted - - alive local" tcp 127.0.0.1 8000
expect "another loopback address" "open accepted - - alive local" tcp 127.0.0.2 8000
expect "our own address" "open accepted - - alive local" tcp 10.99.1.1 8000
expect "our own secondary address" "open accepted - - alive local" tcp 10.99.1.2 8000
expect "an address of a local prefix" "open accepted - - alive local" tcp 10.97.3.4 8000
expect "our own address, closed" "refused rst - - alive local" tcp 10.99.1.1 7999
expect "our own address, UDP closed" "refused port-unreachable 3/3 10.99.1.1 alive local" udp 10.99.1.1 7999

# --- echo ---
in_ns "$src" sysctl -q -w net.ipv4.ping_group_range="1 0"
expect "echo not permitted" "local no-permission - - - -" icmp $t4 0
in_ns "$src" sysctl -q -w net.ipv4.ping_group_range="0 0"
expect "echo" "open service-proven - - alive -" icmp $t4 0
expect "echo, IPv6" "open service-proven - - alive -" icmp $t6 0
expect "echo to ourselves" "open service-proven - - alive local" icmp 10.99.1.1 0
expect_slow "echo, no such host behind the hop" "stopped host-unreachable 3/1 $h4 - -" icmp 10.99.2.78 0 - 5000
expect_slow "echo, no neighbour" "silent neighbour-failed 3/1 $s4 - -" icmp 10.99.1.80 0 - 5000

# --- a full accept queue: a live listener that looks filtered ---
for _ in 1 2 3 4 5 6; do
    in_ns "$src" "$probe" tls $t4 8002 - 200 >/dev/null 2>&1 # completes the handshake
done
expect "accept queue full" "silent silent - - - -" tcp $t4 8002 - 300

# --- real counterparts, where they are installed: our requests against other people's servers ---
started() { # TITLE EXPECTED PROBE-ARGUMENTS...: a server that was just started may need a moment
    tries=0
    until in_ns "$src" "$probe" "$3" "$4" "$5" "$6" 2>/dev/null | grep -q '^open' || [ $tries -ge 50 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    expect "$@"
}
if command -v snmpd >/dev/null; then
    echo "rocommunity none-of-yours 127.0.0.1" >"$work/snmpd.conf"
    SNMP_PERSISTENT_DIR=$work ip netns exec "$dst" snmpd -f -Ln -C -c "$work/snmpd.conf" -I few,modules \
        udp:$t4:161 >/dev/null 2>&1 &
    servers="$servers $!"
    started "an SNMP agent that does not know us" "open udp-answer - - alive -" udp $t4 161 snmp
    expect "an SNMP agent is no DNS server" "silent silent - - - -" udp $t4 161 dns 300
fi
if command -v openssl >/dev/null; then
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key" -out "$work/certificate" -days 30 -subj /CN=mgr01 \
        >/dev/null 2>&1
    ip netns exec "$dst" openssl s_server -accept 4433 -key "$work/key" -cert "$work/certificate" -quiet -WWW \
        >/dev/null 2>&1 </dev/null &
    servers="$servers $!"
    started "a TLS server" "open service-proven - - alive -" tls $t4 4433 tls
fi

# --- a call that meets itself: the ports to call from are those that are called ---
in_ns "$src" sysctl -q -w net.ipv4.ip_local_port_range="40000 40003"
for _ in 1 2 3 4; do
    for port in 40000 40001 40002 40003; do
        expect "closed port in the ephemeral range" "refused rst - - alive local" tcp 127.0.0.1 $port
        expect "UDP closed port in the ephemeral range" "refused port-unreachable 3/3 127.0.0.1 alive local" \
            udp 127.0.0.1 $port
        expect "UDP the same, with a source" "refused port-unreachable 3/3 127.0.0.1 alive local" \
            udp 127.0.0.1 $port - 1000 127.0.0.1
    done
done

slow_done

# --- nothing stays behind: every connection was closed by RST ---
for name in $src $dst; do
    left=$(in_ns "$name" ss -Htan state time-wait | wc -l)
    if [ "$left" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $left connections in TIME_WAIT in $name"
    fi
done

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
