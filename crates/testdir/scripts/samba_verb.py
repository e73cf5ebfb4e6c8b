"""What no LDAP client may do to a Samba domain; works on the files of a running or stopped server.

Usage: samba_verb.py FOLDER protect DN      the access control list and adminCount of Windows' hourly job
       samba_verb.py FOLDER age DN SECONDS  the password was set so long ago
       samba_verb.py FOLDER bulk COUNT      users without passwords below OU=Bulk, one transaction
       samba_verb.py FOLDER guid DN         prints objectGUID as Samba writes it
"""

import sys
import time

import ldb
from samba import dsdb
from samba.auth import system_session
from samba.dcerpc import misc, security
from samba.ndr import ndr_pack, ndr_unpack
from samba.param import LoadParm
from samba.samdb import SamDB

folder, verb, *arguments = sys.argv[1:]
config = LoadParm()
config.load(folder + "/etc/smb.conf")
db = SamDB(url=folder + "/private/sam.ldb", session_info=system_session(), lp=config)

if verb == "protect":
    everything = "RPWPCRCCDCLCLORCWOWDSDDTSW"
    entries = "".join("(A;;%s;;;%s)" % (everything, who) for who in ("DA", "EA", "BA", "SY"))
    # Everybody may read, and change a password that they know.
    entries += "(A;;RPLCLORC;;;AU)"
    entries += "(OA;;CR;ab721a53-1e2f-11d0-9819-00aa0040529b;;WD)"
    entries += "(OA;;CR;ab721a53-1e2f-11d0-9819-00aa0040529b;;PS)"
    descriptor = security.descriptor.from_sddl(
        "D:PAI" + entries, security.dom_sid(db.get_domain_sid())
    )
    change = ldb.Message(ldb.Dn(db, arguments[0]))
    change["d"] = ldb.MessageElement(
        ndr_pack(descriptor), ldb.FLAG_MOD_REPLACE, "nTSecurityDescriptor"
    )
    change["c"] = ldb.MessageElement("1", ldb.FLAG_MOD_REPLACE, "adminCount")
    db.modify(change, controls=["sd_flags:1:4"])
elif verb == "age":
    moment = int((time.time() - int(arguments[1]) + 11644473600) * 10_000_000)
    change = ldb.Message(ldb.Dn(db, arguments[0]))
    change["p"] = ldb.MessageElement(str(moment), ldb.FLAG_MOD_REPLACE, "pwdLastSet")
    db.modify(change, controls=["local_oid:%s:0" % dsdb.DSDB_CONTROL_BYPASS_PASSWORD_HASH_OID])
elif verb == "bulk":
    db.transaction_start()
    for number in range(int(arguments[0])):
        name = "bulk%06d" % number
        db.add(
            {
                "dn": "CN=%s,OU=Bulk,%s" % (name, db.domain_dn()),
                "objectClass": "user",
                "sAMAccountName": name,
                "userPrincipalName": name + "@corp.example",
                "userAccountControl": "546",
            }
        )
    db.transaction_commit()
elif verb == "guid":
    found = db.search(arguments[0], ldb.SCOPE_BASE, attrs=["objectGUID"])
    print(ndr_unpack(misc.GUID, found[0]["objectGUID"][0]))
else:
    sys.exit("no such verb: " + verb)
