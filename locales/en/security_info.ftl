# Security info: registering the methods that prove who somebody is.
