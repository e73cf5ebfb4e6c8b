# De demopagina's.

demo-heading = Probeer Latchkey
demo-lead = Dit is een demo met verzonnen mensen. Geen bericht verlaat deze computer: ze staan allemaal in het postvak UIT.
demo-start = Een wachtwoord opnieuw instellen
demo-outbox-link = Open het postvak UIT
demo-users = Wie je kunt zijn
demo-password = Ieders wachtwoord, waar Latchkey het bewaart
demo-users-link = Terug naar de mensen
demo-links = Meer om te zien
demo-copy = Kopiëren
demo-copied = Gekopieerd
demo-outbox-heading = Postvak UIT
demo-outbox-lead = Alle e-mails, sms'en en telefoontjes, het nieuwste eerst.
demo-outbox-empty = Er is nog niets gestuurd. Stel een wachtwoord opnieuw in en vraag een code.
demo-refresh = Kijk opnieuw
demo-channel-mail = E-mail
demo-channel-text = Sms
demo-channel-call = Telefoontje
