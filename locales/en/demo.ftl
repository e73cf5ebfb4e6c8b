# The demo pages.
