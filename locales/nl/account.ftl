# Mijn account, en wat elke pagina van een aangemelde persoon heeft.

account-link = Mijn account
sign-out-button = Afmelden

account-heading = Mijn account
account-info-title = Beveiligingsgegevens
account-info-empty = Er is nog niets geregistreerd. Zonder kun je een vergeten wachtwoord niet opnieuw instellen.
account-info-link = Beveiligingsgegevens bekijken en wijzigen
account-password = Wijzig het als je denkt dat iemand anders het kent.
account-password-link = Wachtwoord wijzigen
account-devices-count =
    { $count ->
        [one] Je bent alleen in deze browser aangemeld.
       *[other] Je bent in { $count } browsers aangemeld.
    }
account-devices-link = Je apparaten bekijken
account-events-title = Wat er onlangs is gebeurd
account-events-empty = Nog niets.
account-events-hint = Was jij iets hiervan niet? Wijzig je wachtwoord en vertel het je beheerder.
account-method-passkey = Passkeys
account-method-authenticator = Authenticator-apps
account-method-email = E-mail
account-method-phone = Mobiele telefoon
account-method-office = Kantoortelefoon
account-method-questions = Beveiligingsvragen
account-method-recovery-codes = Herstelcodes
account-method-count = { $count } geregistreerd
account-event-sign-in = Aangemeld
account-event-sign-in-failed = Een aanmelding die mislukte
account-event-locked = Aanmelden werd vergrendeld na mislukte pogingen
account-event-session-ended = Afgemeld op een ander apparaat
account-event-reset = Wachtwoord opnieuw ingesteld
account-event-reset-failed = Opnieuw instellen van het wachtwoord dat niet is afgemaakt
account-event-reset-by-admin = Een beheerder stelde het wachtwoord in
account-event-change = Wachtwoord gewijzigd
account-event-change-failed = Een wachtwoordwijziging die mislukte
account-event-unlock = Account ontgrendeld
account-event-blocked = Opnieuw instellen werd geblokkeerd na mislukte pogingen
account-event-registered = Beveiligingsgegevens gewijzigd
account-event-confirmed = Beveiligingsgegevens bevestigd
account-event-methods = Een beheerder wijzigde de beveiligingsgegevens
account-event-not-me = Gemeld: dit was ik niet
account-event-changed = Een beheerder wijzigde het account

## Signed in on these devices

devices-heading = Aangemeld op deze apparaten
devices-lead = Ken je er een niet, meld het dan af en wijzig je wachtwoord.
devices-this = dit apparaat
devices-unknown = Onbekende browser
devices-address = Netwerk
devices-since = Aangemeld
devices-used = Laatst gebruikt
devices-end = Daar afmelden
devices-end-others = Overal elders afmelden
devices-ended = Gedaan. Daar is niemand meer aangemeld.

## The first page

landing-heading = Wat wil je doen?
landing-reset = Een vergeten wachtwoord opnieuw instellen
landing-reset-detail = Je bewijst wie je bent en kiest een nieuw wachtwoord.
landing-register = Beveiligingsgegevens registreren
landing-register-detail = Zodat je weer naar binnen kunt als je je wachtwoord vergeet.
landing-change = Je wachtwoord wijzigen
landing-change-detail = Je kent het oude en wilt een ander.
landing-account = Zie wat er is geregistreerd, wat er is gebeurd en waar je bent aangemeld.
landing-sign-in = Om je account te zien en waar je bent aangemeld.
