# Säkerhetsuppgifter: registrera sätten att visa vem man är.

## Första sidan

info-heading = Säkerhetsuppgifter
info-lead = Med dem visar du vem du är, så att du kan återställa ditt lösenord när du har glömt det.
info-progress =
    { $done ->
        [one] { $done } av { $needed } klart
       *[other] { $done } av { $needed } klara
    }
info-more =
    { $missing ->
        [one] Lägg till { $missing } till, av ett annat slag. Innan dess kan du inte återställa ditt lösenord själv.
       *[other] Lägg till { $missing }, av olika slag. Innan dess kan du inte återställa ditt lösenord själv.
    }
info-enough = Det räcker för att återställa ditt lösenord. En till skadar inte.
info-off = Att återställa lösenordet själv är inte påslaget för dig. Din administratör kan berätta mer.
info-nothing = Din organisation har inte ordnat något att registrera.
info-elsewhere = Ditt konto finns hos en annan organisation. Där finns också dess säkerhetsuppgifter och lösenord: titta där.
info-asked = Din organisation vill att du ordnar det här. Det tar ungefär två minuter.
info-asked-second = Som administratör behöver du en andra faktor innan du gör något annat. Registrera en autentiseringsapp eller en passkey.
info-held = Ditt lösenord har återställts. Till { $until } behövs två faktorer för att ändra något här.
info-go-on = Fortsätt
info-not-now = Inte nu
info-not-now-hint = Vi frågar igen nästa gång du loggar in.
info-check = Kontrollera det som finns här
info-back = Tillbaka till säkerhetsuppgifterna
info-cancel = Avbryt

info-done-added = Tillagt. Vi har berättat det via e-post, på alla adresser vi har till dig.
info-done-replaced = Utbytt. Vi har berättat det via e-post, på den gamla och den nya adressen.
info-done-removed = Borttaget. Vi har berättat det via e-post.
info-done-confirmed = Bekräftat.
info-done-registered = Allt är klart: nu kan du återställa ditt lösenord själv.
info-done-proven = Nu kan du göra din ändring.
info-over = Det tog för lång tid, eller så blev det för många försök. Inget har ändrats. Börja om.

method-passkey = Passkeys
method-passkey-detail = Ditt fingeravtryck, ansikte eller din pinkod på den här enheten, eller en säkerhetsnyckel.
method-authenticator = Autentiseringsappar
method-authenticator-detail = En app som visar en ny kod var 30:e sekund.
method-email = E-postadress
method-email-detail = En privat adress dit vi skickar koder. Inte den som öppnas med det här lösenordet.
method-phone = Mobiltelefon
method-phone-detail = Ett nummer dit vi sms:ar eller ringer med en kod.
method-office = Jobbtelefon
method-office-detail = Din organisation anger det. Om det är fel, säg till din administratör.
method-questions = Säkerhetsfrågor
method-questions-detail = Svar som bara du känner till.
method-recovery = Återställningskoder
method-recovery-detail = Tio koder på papper, för den dag då inget annat finns till hands.

item-questions =
    { $count ->
        [one] { $count } fråga besvarad
       *[other] { $count } frågor besvarade
    }
item-codes =
    { $count ->
        [one] { $count } kod kvar
       *[other] { $count } koder kvar
    }
item-from-administrator = Angiven av din organisation.
item-from-directory = Från din organisations katalog.
item-rests = Kan användas för att återställa lösenordet från { $until }.
item-since = Sedan { $when }
item-used = Användes senast { $when }
item-confirm = Bekräfta
item-confirm-name = Bekräfta { $which }
item-remove = Ta bort
item-remove-name = Ta bort { $which }
add-passkey = Lägg till en passkey
add-authenticator = Lägg till en app
add-email = Lägg till en adress
change-email = Byt adress
add-phone = Lägg till ett nummer
change-phone = Byt nummer
add-questions = Välj frågor
change-questions = Svara på nytt
add-recovery = Skapa återställningskoder
change-recovery = Skapa nya

## En adress eller ett nummer

email-heading = Vilken är din andra e-postadress?
email-lead = Vi skickar en kod dit. Använd en adress som du kommer åt utan det här lösenordet.
email-label = E-postadress
email-hint = Till exempel
email-button = Skicka koden
email-confirm-heading = Är det här fortfarande din adress?
email-confirm-button = Ja: skicka en kod dit
email-other = Använd en annan adress
email-error-form = Skriv en adress som ada@example.com.
email-error-own = Du skulle behöva ditt lösenord för att öppna den här brevlådan. Skriv en adress som inte är från din organisation.
email-error-known = Den här adressen är redan registrerad.
phone-heading = Vilket är ditt mobilnummer?
phone-lead = Vi sms:ar eller ringer dig med en kod.
phone-confirm-heading = Är det här fortfarande ditt nummer?
phone-confirm-button = Ja: skicka en kod dit
phone-other = Använd ett annat nummer
phone-error-known = Det här numret är redan registrerat.
phone-by = Hur vill du få koden?
phone-by-text = Som ett sms
phone-by-call = Som ett samtal som läser upp den
phone-error-way = Välj ett av dem.
register-code-heading-email = Vilken är koden i mejlet?
register-code-error =
    { $left ->
        [one] Koden stämmer inte. Du har { $left } försök kvar. Koder kommer från { $tenant } och gäller i 10 minuter.
       *[other] Koden stämmer inte. Du har { $left } försök kvar. Koder kommer från { $tenant } och gäller i 10 minuter.
    }
register-other = Skriv på nytt

## En autentiseringsapp

app-heading = Vad heter din app eller telefon?
app-lead = Namnet hjälper dig att skilja dem åt. Alla appar som visar koder för inloggning fungerar.
name-label = Namn
app-name-default = Min telefon
app-scan-heading = Skanna den här med din app
app-scan-lead = Välj i appen att lägga till ett konto. Skriv sedan koden som den visar.
app-scan-alt = QR-kod för din autentiseringsapp
app-typed = Ingen kamera? Skriv den här hemligheten i appen:
app-code-hint = Den har 6 siffror och byts var 30:e sekund.
app-button = Kontrollera koden
app-error =
    { $left ->
        [one] Koden stämmer inte. Du har { $left } försök kvar. Se till att klockan i telefonen går rätt.
       *[other] Koden stämmer inte. Du har { $left } försök kvar. Se till att klockan i telefonen går rätt.
    }
name-error-form = Skriv ett namn på 1 till 60 tecken.
name-error-taken = Du har redan en med det namnet. Skriv ett annat namn.
name-error-many = Du har så många som det får finnas. Ta bort en först.
name-error-impossible = Passkeys går inte att använda på den här tjänstens adress. Välj ett annat sätt.

## En passkey

passkey-heading = Vad ska din passkey heta?
passkey-lead = Namnet hjälper dig att skilja dem åt, till exempel den här enhetens namn.
passkey-name-default = Den här enheten
passkey-create-heading = Skapa passkeyn { $name }
passkey-create-lead = Din enhet frågar efter ditt fingeravtryck, ansikte eller din pinkod. De stannar på enheten.
passkey-create-button = Skapa passkeyn

## Säkerhetsfrågor

ask-heading = Välj dina frågor
ask-lead =
    { $needed ->
        [one] Svara på minst { $needed } fråga. Mellanslag och stora bokstäver spelar ingen roll.
       *[other] Svara på minst { $needed } frågor. Mellanslag och stora bokstäver spelar ingen roll.
    }
ask-warning = Välj svar som ingen kan ta reda på om dig. Ingen kan läsa dem här, inte ens din administratör.
ask-replaces = De ersätter dem som du svarade på tidigare.
ask-question = Fråga { $number }
ask-none = Inga fler
ask-answer = Svar { $number }
ask-answer-hint = 3 till 40 tecken.
ask-button = Spara svaren
ask-error-few =
    { $needed ->
        [one] Välj och svara på { $needed } fråga.
       *[other] Välj och svara på { $needed } frågor.
    }
ask-error-short = Fråga { $number }: svaret är kortare än 3 tecken.
ask-error-long = Fråga { $number }: svaret är längre än 40 tecken.
ask-error-common = Fråga { $number }: många ger det svaret. Välj en annan fråga eller ett annat svar.
ask-error-in-question = Fråga { $number }: svaret står i frågan.
ask-error-name = Fråga { $number }: svaret är en del av ditt namn.
ask-error-repeated = Fråga { $number }: en annan fråga har samma svar.
ask-error-twice = Fråga { $number }: du har redan valt den frågan.
ask-error-unknown = Fråga { $number }: frågan finns inte längre. Välj en annan.

## Återställningskoder

recovery-heading = Skapa återställningskoder
recovery-lead = Du får tio koder. Var och en fungerar en gång, i stället för ett annat sätt. Skriv ut dem eller skriv av dem.
recovery-replaces =
    { $count ->
        [one] Du har { $count } kod från tidigare. Den slutar fungera.
       *[other] Du har { $count } koder från tidigare. De slutar fungera.
    }
recovery-button = Skapa tio koder
sheet-heading = Dina återställningskoder
sheet-lead = Det här är enda gången du ser dem. Förvara dem där bara du hittar dem, inte på den här enheten.
sheet-list = Återställningskoder
sheet-download = Ladda ner som textfil
sheet-kept = Jag har sparat dem
sheet-file = Återställningskoder för { $user } hos { $tenant }. Var och en fungerar en gång. Ingen på it-avdelningen ber någonsin om dem.

## Ta bort

remove-heading = Ta bort det här?
remove-lead = { $which } kan då inte längre användas för att visa vem du är.
remove-button = Ta bort
remove-keep = Behåll
remove-sure-heading = Utan det här kan du inte återställa ditt lösenord
remove-sure-lead = Utan { $which } har du för få sätt att visa vem du är. Om du glömmer lösenordet kan bara din administratör hjälpa dig.
remove-sure-button = Ta bort ändå
remove-refused-heading = Du behöver den här
remove-refused-lead = { $which } är din sista andra faktor, och administratörer behöver alltid en. Registrera en annan först.

## Bekräfta

confirm-heading = Stämmer det här fortfarande?
confirm-lead = Titta på var och en. Om du har förlorat en telefon eller en adress, byt den nu och inte den dag då du behöver den.
confirm-button = Ja, allt det här stämmer
confirm-change = Ändra något

## Bekräfta att det är du

prove-heading = Bekräfta att det är du
prove-lead = Innan något ändras här kontrollerar vi igen att det är du.
prove-lead-two = Ditt lösenord har återställts. Till { $until } behöver vi två faktorer innan något ändras här.
prove-password = Lösenord
prove-code = Kod från din autentiseringsapp
prove-button = Bekräfta
prove-passkey = Använd en passkey
prove-passkey-heading = Använd din passkey
prove-passkey-lead = Din enhet frågar efter ditt fingeravtryck, ansikte eller din pinkod.
prove-elsewhere = Du loggar in på din organisations egen inloggningssida. Logga ut, logga in igen och kom tillbaka inom tio minuter.
prove-impossible = Ditt lösenord har återställts och du har ingen andra faktor. Du kan ändra något här från { $until }. Om du inte kan vänta, kontakta din administratör.
prove-error = Det stämmer inte. Skriv det igen.
prove-error-code = Lösenordet eller koden stämmer inte. Skriv båda igen, med koden som appen visar nu.
prove-error-passkey = Den passkeyn stämmer inte, eller så tog det för lång tid. Försök igen.
prove-locked = Det blev för många försök. Försök igen från { $until }.
