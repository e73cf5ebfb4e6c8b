# Att byta ett lösenord som man kan.

current-password-label = Nuvarande lösenord
change-heading = Byt ditt lösenord
change-why-administrator = Din administratör vill att du väljer ett lösenord som bara du kan.
change-why-expired = Ditt lösenord har gått ut. Välj ett nytt för att fortsätta.
change-button = Byt lösenordet
change-forgot = Kan du inte det nuvarande?
change-forgot-link = Återställ det
error-current-form = Skriv lösenordet som du har nu.
error-current = Det är inte ditt nuvarande lösenord. Inget har ändrats.
change-locked-title = För många felaktiga lösenord
change-locked = För din säkerhet prövas inget lösenord före { $when }. Om du inte kan det nuvarande kan du återställa det.
change-done-heading = Ditt lösenord är bytt
change-done-what = Använd det nya från och med nu, överallt där du loggar in.
change-done-devices = Du är kvar som inloggad här. Alla andra enheter har loggats ut.
change-to-account = Gå till mitt konto
change-young-heading = Ditt lösenord är för nytt
change-young-what = Din organisation vill att ett lösenord behålls några dagar innan det byts igen. Om någon annan kan det, återställ det i stället.
change-from = Du kan byta det från
change-elsewhere-heading = Ditt lösenord finns på annat håll
change-elsewhere-what = Din organisation har det i sin egen katalog, så det kan inte bytas här. Byt det på din arbetsdator, eller fråga din administratör.
