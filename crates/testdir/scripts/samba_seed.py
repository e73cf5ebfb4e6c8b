"""Fills a freshly provisioned domain: policy, containers, groups, service accounts, their rights.

Usage: samba_seed.py FOLDER. Works on the files, so no server need run.
"""

import sys

import ldb
from samba.auth import system_session
from samba.dcerpc import security
from samba.ndr import ndr_pack, ndr_unpack
from samba.param import LoadParm
from samba.samdb import SamDB
from samba.sd_utils import SDUtils

folder = sys.argv[1]
config = LoadParm()
config.load(folder + "/etc/smb.conf")
db = SamDB(url=folder + "/private/sam.ldb", session_info=system_session(), lp=config)
base = str(db.domain_dn())

MINUTE = 60 * 10_000_000
policy = {
    "minPwdLength": 10,
    "pwdProperties": 1,
    "pwdHistoryLength": 5,
    "minPwdAge": 0,
    "maxPwdAge": 0,
    "lockoutThreshold": 3,
    "lockoutDuration": -30 * MINUTE,
    "lockOutObservationWindow": -30 * MINUTE,
}
change = ldb.Message(ldb.Dn(db, base))
for name, value in policy.items():
    change[name] = ldb.MessageElement(str(value), ldb.FLAG_MOD_REPLACE, name)
db.modify(change)

for path in (
    "OU=People",
    "OU=Berlin,OU=People",
    "OU=Wien,OU=People",
    "OU=Outside",
    "OU=Service",
    "OU=Bulk",
):
    db.add({"dn": "%s,%s" % (path, base), "objectClass": "organizationalUnit"})


def account(name, password):
    dn = "CN=%s,OU=Service,%s" % (name, base)
    db.add(
        {
            "dn": dn,
            "objectClass": "user",
            "sAMAccountName": name,
            "userPrincipalName": name + "@corp.example",
            "userAccountControl": str(66048),
            "unicodePwd": ('"%s"' % password).encode("utf-16-le"),
        }
    )
    found = db.search(dn, ldb.SCOPE_BASE, attrs=["objectSid"])
    return ndr_unpack(security.dom_sid, found[0]["objectSid"][0])


rights = SDUtils(db)
writeback = account("svc-writeback", "Svc-Writeback-1!")
USER = "bf967aba-0de6-11d0-a285-00aa003049e2"
for right in (
    "CR;00299570-246d-11d0-a768-00aa006e0529",  # Reset Password
    "RPWP;28630ebf-41d5-11d1-a9c1-0000f80367c1",  # lockoutTime
    "RPWP;bf967a0a-0de6-11d0-a285-00aa003049e2",  # pwdLastSet
):
    rights.dacl_add_ace("OU=People," + base, "(OA;CIIO;%s;%s;%s)" % (right, USER, writeback))

# Fine-grained policies are for administrators only, until somebody grants more.
rights.dacl_add_ace(
    "CN=Password Settings Container,CN=System," + base, "(A;CI;RPLCRC;;;%s)" % writeback
)

sync = account("svc-sync", "Svc-Sync-Pass-1!")
# Replicating Directory Changes, and reading what was deleted.
rights.dacl_add_ace(base, "(OA;;CR;1131f6aa-9c07-11d1-f79f-00c04fc2dcd2;;%s)" % sync)
deleted = ldb.Dn(db, "CN=Deleted Objects," + base)
domain = security.dom_sid(db.get_domain_sid())
controls = ["show_deleted:1", "sd_flags:1:4"]
found = db.search(deleted, ldb.SCOPE_BASE, attrs=["nTSecurityDescriptor"], controls=controls)
text = ndr_unpack(security.descriptor, found[0]["nTSecurityDescriptor"][0]).as_sddl(domain)
first = text.index("(")
text = text[:first] + "(A;CI;RPLC;;;%s)" % sync + text[first:]
change = ldb.Message(deleted)
change["d"] = ldb.MessageElement(
    ndr_pack(security.descriptor.from_sddl(text, domain)), ldb.FLAG_MOD_REPLACE, "nTSecurityDescriptor"
)
db.modify(change, controls=controls)
account("svc-plain", "Svc-Plain-Pass-1!")
