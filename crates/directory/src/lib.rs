//! The directories that passwords live in: Active Directory (and Samba AD) and LDAP (OpenLDAP,
//! 389-ds), behind one set of verbs.
