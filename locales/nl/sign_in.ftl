# Aanmelden.

## Passkeys, wherever they are used

passkey-busy = Je apparaat toont een venster. Gebruik daar je vingerafdruk, gezicht of pincode.
passkey-failed = Dat lukte niet. Er is niets gewijzigd. Druk op de knop om het opnieuw te proberen, of kies een andere manier.
passkey-unsupported = Deze browser kan geen passkeys gebruiken. Kies een andere manier.
passkey-no-script = Een passkey heeft JavaScript nodig, en dat staat uit in deze browser. Kies een andere manier.

## The way in

sign-in-heading = Aanmelden
sign-in-button = Aanmelden
sign-in-with-passkey = Aanmelden met een passkey
sign-in-with-password = Aanmelden met een wachtwoord
forgot-button = Kom je niet in je account?
password-label = Wachtwoord
sign-in-password-heading = Wat is je wachtwoord?
sign-in-second-heading = Hoe wil je bewijzen dat jij het bent?
sign-in-second-lead = Beheerders bewijzen ook op een tweede manier dat zij het zijn.
sign-in-passkey-heading = Gebruik je passkey
sign-in-passkey-lead = Je apparaat vraagt om je vingerafdruk, gezicht of pincode. Het vertelt wie je bent, en je typt niets.
sign-in-passkey-button = Een passkey gebruiken
sign-in-elsewhere-heading = Aanmelden bij je organisatie
sign-in-elsewhere-lead = { $tenant } heeft een eigen aanmeldpagina. Je meldt je daar aan en komt hier terug.
sign-in-elsewhere-button = Verder naar { $tenant }
sign-in-no-cookies = Een cookie houdt je aanmelding in deze browser, zodat niemand anders haar kan gebruiken.
notice-sign-in-gone = Begin hier. In deze browser was niemand bezig met aanmelden, of de tijd was om.
error-sign-in = De gebruikersnaam of het wachtwoord klopt niet. Probeer het opnieuw, of kies “Kom je niet in je account?”
error-sign-in-empty = Typ je wachtwoord.
error-sign-in-locked = Er waren te veel mislukte pogingen. Wacht { $duration } en probeer het opnieuw, of kies “Kom je niet in je account?”
error-sign-in-directory = Je wachtwoord staat in de eigen directory van je organisatie, die vanaf hier niet bereikbaar is. Probeer het later opnieuw, of vraag het je beheerder.
error-sign-in-codes = Er waren te veel foute codes. Gebruik een passkey, of vraag het je beheerder. Codes werken na 24 uur weer.
error-sign-in-passkey = Die passkey is niet geaccepteerd. Er is niemand aangemeld. Druk op de knop om het opnieuw te proberen, of kies een andere manier.
error-sign-in-no-passkeys = Passkeys kunnen hier niet worden gebruikt. Typ in plaats daarvan je gebruikersnaam.
error-elsewhere-down = De aanmeldpagina van { $tenant } is nu niet bereikbaar. Er is niemand aangemeld. Probeer het later opnieuw, of vraag het je beheerder.
error-elsewhere-faulty = De aanmeldpagina van { $tenant } werkt niet samen met deze dienst. Er is niemand aangemeld. Vraag het je beheerder.
error-elsewhere-not-signed-in = Je hebt je niet aangemeld bij { $tenant }. Druk op de knop om het opnieuw te proberen.
error-elsewhere-again = Die aanmelding is niet op deze pagina begonnen, duurde te lang of is al gebruikt. Er is niemand aangemeld. Druk op de knop om opnieuw te beginnen.
error-elsewhere-refused = { $tenant } heeft iemand anders aangemeld dan deze gebruikersnaam, of het account kan hier niet worden gebruikt. Meld je daar aan met het account van deze gebruikersnaam, of kies “Annuleren” en typ een andere.

## The way out

sign-out-heading = Wil je je afmelden?
sign-out-lead = Je bent in deze browser aangemeld als { $user }.
signed-out-heading = Je bent afgemeld
signed-out-lead = Er is niemand meer aangemeld in deze browser.
