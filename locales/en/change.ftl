# Changing a password that is known.
