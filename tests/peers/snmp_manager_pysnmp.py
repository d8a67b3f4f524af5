#!/usr/bin/python3
"""pysnmp as a manager, SNMPv3 with SHA-256 and AES: snmp_manager_pysnmp.py AGENT-PORT ROOT. Walks all of it by bulk
requests and prints what it saw as JSON: name -> value."""
import json
import sys

from pysnmp.hlapi import (ContextData, ObjectIdentity, ObjectType, SnmpEngine, UdpTransportTarget, UsmUserData, bulkCmd,
                          usmAesCfb128Protocol, usmHMAC192SHA256AuthProtocol)

user = UsmUserData("ro", "authpass-12345", "privpass-12345", authProtocol=usmHMAC192SHA256AuthProtocol,
                   privProtocol=usmAesCfb128Protocol)
target = UdpTransportTarget(("127.0.0.1", int(sys.argv[1])), timeout=5, retries=2)
seen = {}
for error, status, _, binds in bulkCmd(SnmpEngine(), user, target, ContextData(), 0, 40,
                                       ObjectType(ObjectIdentity(sys.argv[2])), lexicographicMode=False, lookupMib=False):
    if error or status:
        raise SystemExit(f"{error} {status}")
    for name, value in binds:
        if str(name) in seen:
            raise SystemExit(f"{name} came twice")
        seen[str(name)] = value.prettyPrint()
print(json.dumps(seen))
