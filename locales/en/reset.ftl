# The reset portal.
