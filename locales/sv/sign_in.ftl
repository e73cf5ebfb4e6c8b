# Att logga in.
