# Een bekend wachtwoord wijzigen.

current-password-label = Huidig wachtwoord
change-heading = Wijzig je wachtwoord
change-why-administrator = Je beheerder vraagt je een wachtwoord te kiezen dat alleen jij kent.
change-why-expired = Je wachtwoord is verlopen. Kies een nieuw wachtwoord om verder te gaan.
change-button = Het wachtwoord wijzigen
change-forgot = Ken je het huidige niet?
change-forgot-link = Stel het opnieuw in
error-current-form = Typ het wachtwoord dat je nu hebt.
error-current = Dat is niet je huidige wachtwoord. Er is niets gewijzigd.
change-locked-title = Te veel verkeerde wachtwoorden
change-locked = Voor je veiligheid wordt er voor { $when } geen wachtwoord bekeken. Ken je het huidige niet, stel het dan opnieuw in.
change-done-heading = Je wachtwoord is gewijzigd
change-done-what = Gebruik vanaf nu het nieuwe, overal waar je je aanmeldt.
change-done-devices = Je blijft hier aangemeld. Alle andere apparaten zijn afgemeld.
change-to-account = Naar mijn account
change-young-heading = Je wachtwoord is te nieuw
change-young-what = Je organisatie wil dat je een wachtwoord een paar dagen houdt voor je het weer wijzigt. Kent iemand anders het misschien, stel het dan opnieuw in.
change-from = Je kunt het wijzigen vanaf
change-elsewhere-heading = Je wachtwoord staat ergens anders
change-elsewhere-what = Je organisatie bewaart het in haar eigen adreslijst, dus je kunt het hier niet wijzigen. Wijzig het op je werkcomputer of vraag je beheerder.
