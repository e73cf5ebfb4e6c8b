# Beveiligingsgegevens: de manieren registreren om te laten zien wie je bent.

## De eerste pagina

info-heading = Beveiligingsgegevens
info-lead = Hiermee laat je zien wie je bent, zodat je een nieuw wachtwoord kunt instellen als je het oude bent vergeten.
info-progress =
    { $done ->
        [one] { $done } van { $needed } klaar
       *[other] { $done } van { $needed } klaar
    }
info-more =
    { $missing ->
        [one] Voeg er nog { $missing } toe, van een andere soort. Tot dan kun je niet zelf een nieuw wachtwoord instellen.
       *[other] Voeg er { $missing } toe, van verschillende soorten. Tot dan kun je niet zelf een nieuw wachtwoord instellen.
    }
info-enough = Dat is genoeg om een nieuw wachtwoord in te stellen. Eentje extra kan geen kwaad.
info-off = Zelf een nieuw wachtwoord instellen staat voor jou niet aan. Je beheerder kan je meer vertellen.
info-nothing = Je organisatie heeft niets ingesteld om te registreren.
info-elsewhere = Je account hoort bij een andere organisatie. Daar staan ook de beveiligingsgegevens en het wachtwoord: kijk daar.
info-asked = Je organisatie vraagt je dit in te stellen. Het duurt ongeveer twee minuten.
info-asked-second = Als beheerder heb je eerst een tweede factor nodig. Registreer een verificatie-app of een passkey.
info-held = Je wachtwoord is opnieuw ingesteld. Tot { $until } heb je twee factoren nodig om hier iets te veranderen.
info-go-on = Verder
info-not-now = Niet nu
info-not-now-hint = We vragen het opnieuw als je de volgende keer inlogt.
info-check = Controleer wat hier staat
info-back = Terug naar de beveiligingsgegevens
info-cancel = Annuleren

info-done-added = Toegevoegd. We hebben het je gemaild, op elk adres dat we van je hebben.
info-done-replaced = Vervangen. We hebben het je gemaild, op het oude en het nieuwe adres.
info-done-removed = Verwijderd. We hebben het je gemaild.
info-done-confirmed = Bevestigd.
info-done-registered = Alles is klaar: je kunt nu zelf een nieuw wachtwoord instellen.
info-done-proven = Nu kun je iets veranderen.
info-over = Dat duurde te lang, of er waren te veel pogingen. Er is niets veranderd. Begin opnieuw.

method-passkey = Passkeys
method-passkey-detail = Je vingerafdruk, gezicht of pincode op dit apparaat, of een beveiligingssleutel.
method-authenticator = Verificatie-apps
method-authenticator-detail = Een app die elke 30 seconden een nieuwe code toont.
method-email = E-mailadres
method-email-detail = Een privéadres waar we codes naartoe sturen. Niet het adres dat met dit wachtwoord opengaat.
method-phone = Mobiele telefoon
method-phone-detail = Een nummer dat we een sms sturen of bellen met een code.
method-office = Telefoon op het werk
method-office-detail = Je organisatie vult dit in. Klopt het niet? Vertel het je beheerder.
method-questions = Beveiligingsvragen
method-questions-detail = Antwoorden die alleen jij kent.
method-recovery = Herstelcodes
method-recovery-detail = Tien codes op papier, voor de dag dat je niets anders bij de hand hebt.

item-questions =
    { $count ->
        [one] { $count } vraag beantwoord
       *[other] { $count } vragen beantwoord
    }
item-codes =
    { $count ->
        [one] Nog { $count } code
       *[other] Nog { $count } codes
    }
item-from-administrator = Ingevuld door je organisatie.
item-from-directory = Uit de directory van je organisatie.
item-rests = Te gebruiken voor een nieuw wachtwoord vanaf { $until }.
item-since = Sinds { $when }
item-used = Laatst gebruikt op { $when }
item-confirm = Bevestigen
item-confirm-name = { $which } bevestigen
item-remove = Verwijderen
item-remove-name = { $which } verwijderen
add-passkey = Passkey toevoegen
add-authenticator = App toevoegen
add-email = Adres toevoegen
change-email = Ander adres
add-phone = Nummer toevoegen
change-phone = Ander nummer
add-questions = Vragen kiezen
change-questions = Opnieuw antwoorden
add-recovery = Herstelcodes maken
change-recovery = Nieuwe maken

## Een adres of een nummer

email-heading = Wat is je andere e-mailadres?
email-lead = We sturen er een code naartoe. Gebruik een adres waar je zonder dit wachtwoord bij kunt.
email-label = E-mailadres
email-hint = Bijvoorbeeld
email-button = Stuur de code
email-confirm-heading = Is dit nog je adres?
email-confirm-button = Ja: stuur er een code naartoe
email-other = Een ander adres gebruiken
email-error-form = Typ een adres zoals ada@example.com.
email-error-own = Je zou je wachtwoord nodig hebben om deze mailbox te openen. Typ een adres dat niet van je organisatie is.
email-error-known = Dit adres is al geregistreerd.
phone-heading = Wat is je mobiele nummer?
phone-lead = We sturen je een sms of bellen je met een code.
phone-confirm-heading = Is dit nog je nummer?
phone-confirm-button = Ja: stuur er een code naartoe
phone-other = Een ander nummer gebruiken
phone-error-known = Dit nummer is al geregistreerd.
phone-by = Hoe wil je de code krijgen?
phone-by-text = Als sms
phone-by-call = Als telefoontje dat de code voorleest
phone-error-way = Kies een van deze.
register-code-heading-email = Wat is de code in de e-mail?
register-code-error =
    { $left ->
        [one] Die code klopt niet. Je hebt nog { $left } poging. Codes komen van { $tenant } en zijn 10 minuten geldig.
       *[other] Die code klopt niet. Je hebt nog { $left } pogingen. Codes komen van { $tenant } en zijn 10 minuten geldig.
    }
register-other = Opnieuw typen

## Een verificatie-app

app-heading = Hoe heet je app of telefoon?
app-lead = Aan de naam kun je ze uit elkaar houden. Elke app die codes toont om in te loggen werkt.
name-label = Naam
app-name-default = Mijn telefoon
app-scan-heading = Scan dit met je app
app-scan-lead = Kies in je app om een account toe te voegen. Typ daarna de code die hij toont.
app-scan-alt = QR-code voor je verificatie-app
app-typed = Geen camera? Typ dit geheim in je app:
app-code-hint = De code heeft 6 cijfers en verandert elke 30 seconden.
app-button = Controleer de code
app-error =
    { $left ->
        [one] Die code klopt niet. Je hebt nog { $left } poging. Kijk of de klok van je telefoon goed staat.
       *[other] Die code klopt niet. Je hebt nog { $left } pogingen. Kijk of de klok van je telefoon goed staat.
    }
name-error-form = Typ een naam van 1 tot 60 tekens.
name-error-taken = Je hebt er al een met deze naam. Typ een andere naam.
name-error-many = Je hebt er zoveel als er kunnen zijn. Verwijder er eerst een.
name-error-impossible = Op het adres van deze dienst werken geen passkeys. Kies een andere manier.

## Een passkey

passkey-heading = Hoe heet deze passkey?
passkey-lead = Aan de naam kun je ze uit elkaar houden, zoals de naam van dit apparaat.
passkey-name-default = Dit apparaat
passkey-create-heading = Maak de passkey { $name }
passkey-create-lead = Je apparaat vraagt om je vingerafdruk, gezicht of pincode. Die blijven op het apparaat.
passkey-create-button = Maak de passkey

## Beveiligingsvragen

ask-heading = Kies je vragen
ask-lead =
    { $needed ->
        [one] Beantwoord minstens { $needed } vraag. Spaties en hoofdletters maken niet uit.
       *[other] Beantwoord minstens { $needed } vragen. Spaties en hoofdletters maken niet uit.
    }
ask-warning = Kies antwoorden die niemand over je te weten kan komen. Niemand kan ze hier lezen, ook je beheerder niet.
ask-replaces = Ze komen in de plaats van de vragen die je eerder hebt beantwoord.
ask-question = Vraag { $number }
ask-none = Geen vraag meer
ask-answer = Antwoord { $number }
ask-answer-hint = 3 tot 40 tekens.
ask-button = Antwoorden opslaan
ask-error-few =
    { $needed ->
        [one] Kies en beantwoord { $needed } vraag.
       *[other] Kies en beantwoord { $needed } vragen.
    }
ask-error-short = Vraag { $number }: het antwoord is korter dan 3 tekens.
ask-error-long = Vraag { $number }: het antwoord is langer dan 40 tekens.
ask-error-common = Vraag { $number }: veel mensen geven dit antwoord. Kies een andere vraag of een ander antwoord.
ask-error-in-question = Vraag { $number }: het antwoord staat in de vraag.
ask-error-name = Vraag { $number }: het antwoord is een deel van je naam.
ask-error-repeated = Vraag { $number }: een andere vraag heeft hetzelfde antwoord.
ask-error-twice = Vraag { $number }: deze vraag heb je al gekozen.
ask-error-unknown = Vraag { $number }: deze vraag is er niet meer. Kies een andere.

## Herstelcodes

recovery-heading = Herstelcodes maken
recovery-lead = Je krijgt tien codes. Elke code werkt één keer, in plaats van een andere manier. Print ze of schrijf ze op.
recovery-replaces =
    { $count ->
        [one] Je hebt nog { $count } code van eerder. Die werkt dan niet meer.
       *[other] Je hebt nog { $count } codes van eerder. Die werken dan niet meer.
    }
recovery-button = Maak tien codes
sheet-heading = Je herstelcodes
sheet-lead = Je ziet ze alleen deze keer. Bewaar ze waar alleen jij ze vindt, niet op dit apparaat.
sheet-list = Herstelcodes
sheet-download = Downloaden als tekstbestand
sheet-kept = Ik heb ze bewaard
sheet-file = Herstelcodes van { $user } bij { $tenant }. Elke code werkt één keer. Niemand van IT vraagt je er ooit om.

## Verwijderen

remove-heading = Dit verwijderen?
remove-lead = { $which } is dan niet meer te gebruiken om te laten zien wie je bent.
remove-button = Verwijderen
remove-keep = Houden
remove-sure-heading = Zonder dit kun je geen nieuw wachtwoord instellen
remove-sure-lead = Zonder { $which } heb je te weinig manieren om te laten zien wie je bent. Vergeet je je wachtwoord, dan kan alleen je beheerder je helpen.
remove-sure-button = Toch verwijderen
remove-refused-heading = Deze heb je nodig
remove-refused-lead = { $which } is je laatste tweede factor, en beheerders hebben er altijd een nodig. Registreer eerst een andere.

## Bevestigen

confirm-heading = Klopt dit nog?
confirm-lead = Bekijk ze allemaal. Ben je een telefoon of adres kwijt? Verander het nu, niet op de dag dat je het nodig hebt.
confirm-button = Ja, dit klopt allemaal
confirm-change = Iets veranderen

## Bevestigen dat jij het bent

prove-heading = Bevestig dat jij het bent
prove-lead = Voordat hier iets verandert, controleren we nog een keer of jij het bent.
prove-lead-two = Je wachtwoord is opnieuw ingesteld. Tot { $until } hebben we twee factoren nodig voordat hier iets verandert.
prove-password = Wachtwoord
prove-code = Code uit je verificatie-app
prove-button = Bevestigen
prove-passkey = Een passkey gebruiken
prove-passkey-heading = Gebruik je passkey
prove-passkey-lead = Je apparaat vraagt om je vingerafdruk, gezicht of pincode.
prove-elsewhere = Je logt in op de eigen inlogpagina van je organisatie. Log uit, log opnieuw in en kom binnen tien minuten terug.
prove-impossible = Je wachtwoord is opnieuw ingesteld en je hebt geen tweede factor. Je kunt hier iets veranderen vanaf { $until }. Kun je niet wachten? Neem contact op met je beheerder.
prove-error = Dat klopt niet. Typ het opnieuw.
prove-error-code = Dat wachtwoord of die code klopt niet. Typ beide opnieuw, met de code die je app nu toont.
prove-error-passkey = Die passkey klopt niet, of het duurde te lang. Probeer het opnieuw.
prove-locked = Er waren te veel pogingen. Probeer het opnieuw vanaf { $until }.
