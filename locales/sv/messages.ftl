# Meddelanden som skickas: mejl, sms, samtal. Enkelt, kort, organisationens namn först.

## Sägs i varje mejl som berättar att något har hänt

mail-when = När
mail-where = Från
mail-reference = Supportreferens
mail-not-you-ask = Om det inte var du, säg till din administratör nu.

## Koden för en återställning

never-ask-mail = Ingen på it-avdelningen ber någonsin om den här koden. Ge den inte till någon.

mail-code-subject = { $tenant }: din kod för att återställa lösenordet
mail-code-intro = Här är koden för att återställa ditt lösenord:
mail-code-valid = Den gäller i { $duration }, bara i webbläsaren där du bad om den.
mail-code-not-you = Om det inte var du behöver du inte göra något. Utan koden ändras ingenting.

text-code = { $code } är din kod för att byta lösenord. Ingen på it ber någonsin om den.

call-code = Det här är { $tenant }. Din kod för att återställa lösenordet är: { $digits }. En gång till, din kod är: { $digits }. Ingen på it-avdelningen ber någonsin om den här koden. Om det inte var du, lägg på. Ingenting ändras.

## Ett lösenord har återställts

mail-reset-subject = { $tenant }: ditt lösenord har återställts
mail-reset-intro = Lösenordet för { $user } har återställts. Alla inloggningar har avslutats.
mail-unlocked-subject = { $tenant }: ditt konto har låsts upp
mail-unlocked-intro = Kontot { $user } har låsts upp. Lösenordet har inte ändrats.
mail-reset-told = Vi har även meddelat
mail-reset-not-you = Om det inte var du, lås kontot nu:
mail-reset-link = Det var inte jag
mail-reset-typed = Eller öppna { $page } och skriv den här koden:
mail-reset-valid = Länken och koden fungerar en gång, i { $duration }. Inget händer förrän du bekräftar.

mail-admin-reset-subject = { $tenant }: en administratörs lösenord har återställts
mail-admin-reset-intro = Administratören { $user } har återställt sitt eget lösenord.
mail-admin-reset-check = Om du inte väntade dig det, ring hen på ett nummer som du känner till. Var det någon annan, spärra kontot genast.

## För många misslyckade försök

mail-blocked-subject = { $tenant }: återställning av ditt lösenord är spärrad ett tag
mail-blocked-all = Det har varit för många misslyckade försök att återställa lösenordet för { $user }.
mail-blocked-method = Det har varit för många misslyckade försök med ett av sätten att visa vem du är, vid återställning av lösenordet för { $user }.
mail-blocked-until = Spärrad till
mail-blocked-still = Ditt lösenord har inte ändrats och fungerar fortfarande.

## En återställningskod har använts

mail-recovery-code-subject = { $tenant }: en av dina återställningskoder har använts
mail-recovery-code-intro = Någon har använt en av dina återställningskoder för att återställa lösenordet för { $user }. Den koden fungerar inte längre.
mail-recovery-code-left =
    { $left ->
        [0] Du har inga återställningskoder kvar. Skapa nya bland dina säkerhetsuppgifter.
        [one] Du har { $left } återställningskod kvar. Skapa nya bland dina säkerhetsuppgifter.
       *[other] Du har { $left } återställningskoder kvar.
    }
mail-recovery-code-not-you = Om det inte var du har någon annan dina koder: säg till din administratör nu.

## Varför det inte går att återställa

mail-missing-subject = { $tenant }: därför kan du inte återställa ditt lösenord
mail-missing-intro = Någon ville återställa lösenordet för { $user }. Det går inte just nu.
mail-missing-turned-off = Återställning av lösenord är avstängd i din organisation.
mail-missing-no-methods = Din organisation har inte ordnat något sätt att visa vem du är.
mail-missing-not-in-group = Återställning av lösenord är inte påslagen för ditt konto.
mail-missing-not-licensed = Din organisations avtal omfattar inte ditt konto.
mail-missing-on-premises = Ditt lösenord finns i din organisations egen katalog och kan inte ändras härifrån.
mail-missing-methods = Du behöver { $needed ->
        [one] { $needed } sätt
       *[other] { $needed } sätt
    } att visa vem du är, och du har { $usable }.
mail-missing-directory = Din organisations katalog går inte att nå just nu.
mail-missing-directory-fault = Din organisations katalog nekade anslutningen.
mail-missing-disabled = Ditt konto är avstängt.
mail-missing-mend-admin = Din administratör kan ordna det. Uppge supportreferensen.
mail-missing-mend-methods = Be din administratör att lägga till ett telefonnummer eller en annan e-postadress på ditt konto.
mail-missing-mend-later = Försök igen senare. Säg till din administratör om det inte går över.

## Någon ber om hjälp

mail-help-subject = { $tenant }: { $user } behöver hjälp med sitt lösenord
mail-help-intro = { $user } kan inte återställa sitt lösenord och ber om din hjälp.
mail-help-check = Kontrollera först att det verkligen är rätt person: ring på ett nummer som du känner till.
mail-help-link = Återställ lösenordet i administratörsportalen

## Det var inte jag

mail-frozen-admin-subject = { $tenant }: { $user } har inte återställt sitt lösenord
mail-frozen-admin-intro = { $user } har rapporterat en lösenordsåterställning som någon annan gjorde. Vi har låst kontot: ingen kan logga in på det eller återställa dess lösenord, och alla inloggningar är avslutade.
mail-frozen-admin-check = Ta reda på vad som hände tillsammans med personen. Ge hen sedan ett nytt lösenord och lås upp kontot.
mail-frozen-admin-link = Öppna kontot i administratörsportalen

mail-frozen-user-subject = { $tenant }: ditt konto är låst
mail-frozen-user-intro = Du har rapporterat att det inte var du som återställde lösenordet för { $user }. Vi har låst kontot: ingen kan logga in på det, inte heller du, och alla inloggningar är avslutade.
mail-frozen-user-next = Dina administratörer vet om det. Prata med dem för att komma in igen.
mail-frozen-user-not-you = Om det inte var du som rapporterade det, säg också till dina administratörer.

## Pengar

mail-spend-subject = { $tenant }: ovanligt många sms och samtal
mail-spend-intro = { $sent ->
        [one] { $sent } sms eller samtal
       *[other] { $sent } sms och samtal
    } har skickats i dag. Gränsen för en dag är { $limit }.
mail-spend-until = Inga fler förrän
mail-spend-still = Koder via e-post fungerar fortfarande.
mail-spend-check = Om du inte väntade dig det, leta efter ett nummer eller ett land som sticker ut. Någon kan tjäna pengar på det.
mail-spend-link = Öppna administratörsportalen

## Felaktiga lösenord låste ett konto

mail-locked-subject = { $tenant }: inloggningen till ditt konto är låst en stund
mail-locked-intro = Det gjordes för många misslyckade försök att logga in som { $user }.
mail-locked-until = Låst till
mail-locked-still = Ditt lösenord är oförändrat. Återställ det om du vill komma in tidigare.
mail-locked-not-you = Om det inte var du har ingen kommit in. Om du tror att någon känner till ditt lösenord, byt det och berätta för administratören.

## Lösenordet har bytts

mail-changed-subject = { $tenant }: ditt lösenord har bytts
mail-changed-intro = Lösenordet för { $user } har bytts av någon som kunde det gamla.

## Lösenordet går ut

mail-expires-subject = { $days ->
        [one] { $tenant }: ditt lösenord går ut om { $days } dag
       *[other] { $tenant }: ditt lösenord går ut om { $days } dagar
    }
mail-expires-intro = { $days ->
        [one] Lösenordet för { $user } går ut om { $days } dag.
       *[other] Lösenordet för { $user } går ut om { $days } dagar.
    }
mail-expires-when = Det fungerar till
mail-expires-what = Byt det före dess. Du behöver lösenordet som du har nu.
mail-expires-link = Byt lösenordet

## A code to register an address or a number

mail-register-subject = { $tenant }: din kod för att registrera adressen
mail-register-intro = Här är koden för att registrera den här adressen, som du senare kan återställa lösenordet med:
mail-register-not-you = Om det inte var du behöver du inte göra något. Utan koden registreras inte adressen.

# One text message of 160 letters holds this, the tenant's name before it and a line with the address.
text-register = { $code } är din kod för att registrera numret. Ingen på it ber någonsin om den.

text-number-changed = Numret togs bort från ditt konto. Om det inte var du, kontakta genast din administratör.

call-register = Det här är { $tenant }. Din kod för att registrera telefonnumret är: { $digits }. En gång till, din kod är: { $digits }. Ingen på it-avdelningen ber någonsin om den här koden. Om det inte var du, lägg på. Ingenting ändras.

## Security info was changed

mail-info-subject = { $tenant }: dina säkerhetsuppgifter har ändrats
mail-info-intro = Sätten att visa vem man är har ändrats för { $user }.
mail-info-added = Tillagt
mail-info-replaced = Utbytt
mail-info-removed = Borttaget
mail-info-email = e-postadress
mail-info-phone = telefonnummer
mail-info-questions = säkerhetsfrågor
mail-info-authenticator = autentiseringsapp
mail-info-passkey = passkey
mail-info-recovery-codes = återställningskoder
