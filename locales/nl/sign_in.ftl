# Aanmelden.
