# Mitt konto, och det som varje sida för en inloggad person har.

account-link = Mitt konto
sign-out-button = Logga ut
