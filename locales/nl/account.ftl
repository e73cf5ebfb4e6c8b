# Mijn account, en wat elke pagina van een aangemelde persoon heeft.

account-link = Mijn account
sign-out-button = Afmelden
