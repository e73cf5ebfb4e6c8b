# Att logga in.

## Passkeys, wherever they are used

passkey-busy = Din enhet visar ett fönster. Använd ditt fingeravtryck, ansikte eller din pinkod där.
passkey-failed = Det gick inte. Inget har ändrats. Tryck på knappen för att försöka igen, eller välj ett annat sätt.
passkey-unsupported = Den här webbläsaren kan inte använda passkeys. Välj ett annat sätt.
passkey-no-script = En passkey behöver JavaScript, som är avstängt i den här webbläsaren. Välj ett annat sätt.

## The way in

sign-in-heading = Logga in
sign-in-button = Logga in
sign-in-with-passkey = Logga in med en passkey
sign-in-with-password = Logga in med lösenord
forgot-button = Kommer du inte in på ditt konto?
password-label = Lösenord
sign-in-password-heading = Vad är ditt lösenord?
sign-in-second-heading = Hur vill du visa att det är du?
sign-in-second-lead = Administratörer visar också på ett andra sätt att det är de.
sign-in-passkey-heading = Använd din passkey
sign-in-passkey-lead = Din enhet frågar efter ditt fingeravtryck, ansikte eller din pinkod. Den berättar vem du är, och du skriver ingenting.
sign-in-passkey-button = Använd en passkey
sign-in-elsewhere-heading = Logga in hos din organisation
sign-in-elsewhere-lead = { $tenant } har en egen inloggningssida. Du loggar in där och kommer tillbaka hit.
sign-in-elsewhere-button = Fortsätt till { $tenant }
sign-in-no-cookies = En kaka håller inloggningen i den här webbläsaren, så att ingen annan kan använda den.
notice-sign-in-gone = Börja här. Ingen inloggning pågick i den här webbläsaren, eller så var tiden ute.
error-sign-in = Användar-ID:t eller lösenordet stämmer inte. Försök igen, eller välj ”Kommer du inte in på ditt konto?”
error-sign-in-empty = Skriv ditt lösenord.
error-sign-in-locked = Det blev för många misslyckade försök. Vänta { $duration } och försök igen, eller välj ”Kommer du inte in på ditt konto?”
error-sign-in-directory = Ditt lösenord finns i organisationens egen katalog, som inte går att nå härifrån. Försök igen senare, eller fråga din administratör.
error-sign-in-codes = Det blev för många felaktiga koder. Använd en passkey, eller fråga din administratör. Koder fungerar igen efter 24 timmar.
error-sign-in-passkey = Din passkey godtogs inte. Ingen loggades in. Tryck på knappen för att försöka igen, eller välj ett annat sätt.
error-sign-in-no-passkeys = Passkeys kan inte användas här. Skriv ditt användar-ID i stället.
error-elsewhere-down = Inloggningssidan hos { $tenant } går inte att nå just nu. Ingen loggades in. Försök igen senare, eller fråga din administratör.
error-elsewhere-faulty = Inloggningssidan hos { $tenant } fungerar inte ihop med den här tjänsten. Ingen loggades in. Fråga din administratör.
error-elsewhere-not-signed-in = Du loggade inte in hos { $tenant }. Tryck på knappen för att försöka igen.
error-elsewhere-again = Den inloggningen påbörjades inte på den här sidan, tog för lång tid eller var redan använd. Ingen loggades in. Tryck på knappen för att börja om.
error-elsewhere-refused = { $tenant } loggade in någon annan än det här användar-ID:t, eller så kan kontot inte användas här. Logga in där med kontot för det här användar-ID:t, eller välj ”Avbryt” och skriv ett annat.

## The way out

sign-out-heading = Vill du logga ut?
sign-out-lead = Du är inloggad som { $user } i den här webbläsaren.
signed-out-heading = Du är utloggad
signed-out-lead = Ingen är längre inloggad i den här webbläsaren.
