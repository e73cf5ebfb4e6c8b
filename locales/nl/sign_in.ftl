# Aanmelden.

## Passkeys, wherever they are used

passkey-busy = Je apparaat toont een venster. Gebruik daar je vingerafdruk, gezicht of pincode.
passkey-failed = Dat lukte niet. Er is niets gewijzigd. Druk op de knop om het opnieuw te proberen, of kies een andere manier.
passkey-unsupported = Deze browser kan geen passkeys gebruiken. Kies een andere manier.
passkey-no-script = Een passkey heeft JavaScript nodig, en dat staat uit in deze browser. Kies een andere manier.
