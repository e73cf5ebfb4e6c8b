# Att logga in.

## Passkeys, wherever they are used

passkey-busy = Din enhet visar ett fönster. Använd ditt fingeravtryck, ansikte eller din pinkod där.
passkey-failed = Det gick inte. Inget har ändrats. Tryck på knappen för att försöka igen, eller välj ett annat sätt.
passkey-unsupported = Den här webbläsaren kan inte använda passkeys. Välj ett annat sätt.
passkey-no-script = En passkey behöver JavaScript, som är avstängt i den här webbläsaren. Välj ett annat sätt.
