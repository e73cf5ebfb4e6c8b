# Mitt konto, och det som varje sida för en inloggad person har.

account-link = Mitt konto
sign-out-button = Logga ut

account-heading = Mitt konto
account-info-title = Säkerhetsuppgifter
account-info-empty = Inget är registrerat än. Utan det kan du inte återställa ett glömt lösenord.
account-info-link = Se och ändra säkerhetsuppgifter
account-password = Byt det om du tror att någon annan känner till det.
account-password-link = Byt lösenord
account-devices-count =
    { $count ->
        [one] Du är bara inloggad i den här webbläsaren.
       *[other] Du är inloggad i { $count } webbläsare.
    }
account-devices-link = Se dina enheter
account-events-title = Vad som hänt på sistone
account-events-empty = Inget än.
account-events-hint = Var något av det här inte du? Byt lösenord och berätta för din administratör.
account-method-passkey = Passkeys
account-method-authenticator = Autentiseringsappar
account-method-email = E-post
account-method-phone = Mobiltelefon
account-method-office = Telefon på jobbet
account-method-questions = Säkerhetsfrågor
account-method-recovery-codes = Återställningskoder
account-method-count =
    { $count ->
        [one] { $count } registrerad
       *[other] { $count } registrerade
    }
account-event-sign-in = Inloggning
account-event-sign-in-failed = En inloggning som misslyckades
account-event-locked = Inloggningen låstes efter misslyckade försök
account-event-session-ended = Utloggning på en annan enhet
account-event-reset = Lösenordet återställdes
account-event-reset-failed = En återställning som inte slutfördes
account-event-reset-by-admin = En administratör satte lösenordet
account-event-change = Lösenordet byttes
account-event-change-failed = Ett lösenordsbyte som misslyckades
account-event-unlock = Kontot låstes upp
account-event-blocked = Återställning spärrades efter misslyckade försök
account-event-registered = Säkerhetsuppgifterna ändrades
account-event-confirmed = Säkerhetsuppgifterna bekräftades
account-event-methods = En administratör ändrade säkerhetsuppgifterna
account-event-not-me = Anmält: det var inte jag
account-event-changed = En administratör ändrade kontot

## Signed in on these devices

devices-heading = Inloggad på de här enheterna
devices-lead = Om du inte känner igen någon av dem, logga ut den och byt lösenord.
devices-this = den här
devices-unknown = Okänd webbläsare
devices-address = Nätverk
devices-since = Inloggad
devices-used = Senast använd
devices-end = Logga ut där
devices-end-others = Logga ut överallt annars
devices-ended = Klart. Ingen är längre inloggad där.

## The first page

landing-heading = Vad vill du göra?
landing-reset = Återställ ett glömt lösenord
landing-reset-detail = Du visar vem du är och väljer ett nytt.
landing-register = Registrera säkerhetsuppgifter
landing-register-detail = Så att du kan komma in igen när du glömmer lösenordet.
landing-change = Byt lösenord
landing-change-detail = Du kan det gamla och vill ha ett annat.
landing-account = Se vad som är registrerat, vad som hänt och var du är inloggad.
landing-sign-in = För att se ditt konto och var du är inloggad.
