# De portalen: opnieuw instellen, dit was ik niet, en pagina's voor problemen.

skip-to-content = Naar de inhoud
ways-out-label = Hulp en annuleren
languages-label = Taal
help-link = Neem contact op met je beheerder
cancel-button = Annuleren
next-button = Volgende
back-button = Terug
start-again = Opnieuw beginnen
title-error = Fout: { $title }
alert-title = Er klopt iets niet
progress-first = Stap 1: wie je bent
progress = Stap { $step } van { $steps }: { $name }
step-prove = bewijs dat jij het bent
step-password = een nieuw wachtwoord
time-left = Je hebt nog { $duration }.
reference = Referentie voor de helpdesk

start-heading = Je wachtwoord opnieuw instellen
start-lead = Vertel wie je bent. Daarna bewijs je dat en kies je een nieuw wachtwoord.
user-id-label = Gebruikersnaam
user-id-hint = Vaak je e-mailadres van het werk, zoals ada@contoso.com.
work-busy = Een ogenblik: je browser doet een korte controle.
error-user-id = Typ je gebruikersnaam, zoals ada@contoso.com.
error-check-failed = De controle dat je geen programma bent is niet gelukt. Deze pagina heeft een nieuwe: probeer het opnieuw.
error-too-fast = Dat ging sneller dan iemand kan typen. Wacht een paar seconden en kies dan Volgende.
error-busy = Er komen nu te veel aanvragen van jouw netwerk. Probeer het over { $duration } opnieuw.
notice-gone = Begin hier. In deze browser was niets bezig, of de tijd was om.
notice-start-out-of-date = Die pagina was verouderd. Deze is nieuw: kies Volgende.
no-cookies-title = Je browser accepteert geen cookies
no-cookies-what = Een cookie houdt alles in deze browser, zodat niemand anders het kan afmaken.
no-cookies-next = Sta cookies voor deze pagina toe, of gebruik een andere browser, en kies dan Volgende.

verify-heading = Hoe wil je bewijzen dat jij het bent?
verify-lead = Kies wat je bij de hand hebt.
verify-lead-passkey = Kies wat je bij de hand hebt. Staat je passkey op dit apparaat, dan is dat het snelst en het veiligst.
verify-lead-next = Het eerste klopte. Kies er nog een, van een andere soort.
verify-legend = Manieren om te bewijzen dat jij het bent
error-choose = Kies een van de manieren hieronder.
gate-email = Code per e-mail
gate-email-detail = We sturen een code naar je andere e-mailadres.
gate-sms = Code per sms
gate-sms-detail = Je typt je mobiele nummer, wij sturen er een code heen.
gate-mobile-call = Telefoontje naar je mobiel
gate-mobile-call-detail = Je typt je mobiele nummer, wij bellen en lezen een code voor.
gate-office-call = Telefoontje naar je kantoor
gate-office-call-detail = Je typt je kantoornummer, wij bellen en lezen een code voor.
gate-questions = Beveiligingsvragen
gate-questions-detail = Je beantwoordt vragen die je eerder koos.
gate-authenticator-code = Code uit je authenticator-app
gate-authenticator-code-detail = Je typt de code die de app laat zien.
gate-authenticator-push = Goedkeuren in je authenticator-app
gate-authenticator-push-detail = Je keurt een verzoek goed dat de app laat zien.
gate-passkey = Passkey
gate-passkey-detail = Het beste als hij op dit apparaat staat: je vingerafdruk, gezicht of pincode, of een beveiligingssleutel.
gate-recovery-code = Herstelcode
gate-recovery-code-detail = Je typt een van de codes die je hebt bewaard.
gate-helpdesk-code = Code van de helpdesk
gate-helpdesk-code-detail = Je typt de code die je van de helpdesk kreeg.
other-button = Kies een andere manier

number-heading-mobile = Wat is je mobiele nummer?
number-heading-office = Wat is je kantoornummer?
number-lead-text = Typ het hele nummer. Als het het nummer is dat we kennen, sturen we er een code heen.
number-lead-call = Typ het hele nummer. Als het het nummer is dat we kennen, bellen we en lezen we een code voor.
number-on-file = Het nummer dat we kennen:
number-label = Telefoonnummer
number-hint = Begin met de landcode, zoals
number-button-text = Stuur de code
number-button-call = Bel mij
error-number-form = Typ het hele nummer met de landcode, zoals +31 6 12345678.
error-number =
    { $left ->
        [one] Dat is niet het nummer dat we kennen. Je hebt nog { $left } poging.
       *[other] Dat is niet het nummer dat we kennen. Je hebt nog { $left } pogingen.
    }

code-label = Code
code-heading-email = Wat is de code in de e-mail?
code-heading-text = Wat is de code in de sms?
code-heading-call = Welke code hoorde je aan de telefoon?
code-heading-authenticator = Welke code laat je app zien?
code-lead-email = We hebben een code van { $digits } cijfers naar je andere e-mailadres gestuurd.
code-lead-email-to = We hebben een code van { $digits } cijfers gestuurd naar
code-lead-text = We hebben een code van { $digits } cijfers naar je mobiel gestuurd.
code-lead-text-to = We hebben een code van { $digits } cijfers gestuurd naar
code-lead-call = We bellen je en lezen een code van { $digits } cijfers voor.
code-lead-call-to = We lezen een code van { $digits } cijfers voor in een telefoontje naar
code-lead-authenticator = Open je authenticator-app en zoek { $tenant }.
code-hint = Hij komt van { $tenant } en is 10 minuten geldig. Spaties maken niet uit.
code-hint-authenticator = Hij heeft 6 cijfers en verandert elke 30 seconden. Spaties maken niet uit.
code-never-share = Niemand van de IT-afdeling vraagt ooit om deze code. Geef hem aan niemand.
code-not-there = Nog geen code?
code-not-there-hint = Het kan even duren. Een nieuwe code maakt de oude ongeldig.
again-button = Opnieuw: stuur een nieuwe code
again-button-call = Opnieuw: bel me nog eens
error-code-form = Typ de { $digits } cijfers van de code.
error-code =
    { $left ->
        [one] Die code klopt niet. Je hebt nog { $left } poging. Codes komen van { $tenant } en zijn 10 minuten geldig.
       *[other] Die code klopt niet. Je hebt nog { $left } pogingen. Codes komen van { $tenant } en zijn 10 minuten geldig.
    }
error-authenticator =
    { $left ->
        [one] Die code klopt niet. Je hebt nog { $left } poging. Wacht op een nieuwe code in de app en kijk of de klok van je telefoon goed staat.
       *[other] Die code klopt niet. Je hebt nog { $left } pogingen. Wacht op een nieuwe code in de app en kijk of de klok van je telefoon goed staat.
    }
notice-sent-again = Er is een nieuwe code onderweg. De oude werkt niet meer.
notice-too-soon = Wacht tot tien seconden na de vorige code en vraag dan een nieuwe.
notice-out-of-date = Die pagina was verouderd en er is niets gedaan. Hier ben je nu.
notice-too-late = Het opnieuw instellen was al voorbij toen dit formulier aankwam, dus het heeft niets veranderd. Hier zie je hoe het is afgelopen.
notice-too-late-done = Je wachtwoord was al opnieuw ingesteld toen dit formulier aankwam, dus het heeft niets veranderd. Het wachtwoord dat het eerst is ingesteld, is het wachtwoord dat werkt.
notice-no-messages-title = Nu geen sms en telefoontjes meer
notice-no-messages = Kies een andere manier, of probeer het over een uur opnieuw.

reset-passkey-heading = Gebruik je passkey
reset-passkey-lead = Je apparaat of beveiligingssleutel vraagt om je vingerafdruk, gezicht of pincode. Die blijven daar, en je typt hier niets.
reset-passkey-button = Een passkey gebruiken
error-reset-passkey =
    { $left ->
        [one] Die passkey is niet geaccepteerd voor de gebruikersnaam die je typte. Je hebt nog { $left } poging. Druk op de knop en kies de passkey van dat account, of kies een andere manier.
       *[other] Die passkey is niet geaccepteerd voor de gebruikersnaam die je typte. Je hebt nog { $left } pogingen. Druk op de knop en kies de passkey van dat account, of kies een andere manier.
    }
error-reset-passkey-late = Dat duurde langer dan 5 minuten. Het telt niet als poging: druk nog eens op de knop.
error-reset-passkey-form = Je apparaat stuurde geen passkey. Druk op de knop en doe wat je apparaat zegt, of kies een andere manier.

recovery-code-heading = Wat is een van je herstelcodes?
recovery-code-lead = Je kreeg deze codes toen je je beveiligingsgegevens instelde. Elke code werkt één keer.
recovery-code-hint = Een code heeft 24 letters en cijfers. Hoofdletters, spaties en streepjes maken niet uit.
error-recovery-code-form = Typ de hele code: 24 letters en cijfers.
error-recovery-code =
    { $left ->
        [one] Die code klopt niet of is al gebruikt. Je hebt nog { $left } poging. Kijk hem teken voor teken na, of gebruik een andere code van je lijst.
       *[other] Die code klopt niet of is al gebruikt. Je hebt nog { $left } pogingen. Kijk hem teken voor teken na, of gebruik een andere code van je lijst.
    }

questions-heading = Beantwoord je beveiligingsvragen
questions-lead = Alle antwoorden moeten kloppen. Hoofdletters en extra spaties maken niet uit.
error-answers-form = Beantwoord elke vraag.
error-answers =
    { $left ->
        [one] Niet alle antwoorden kloppen. Hier zijn andere vragen. Je hebt nog { $left } poging.
       *[other] Niet alle antwoorden kloppen. Hier zijn andere vragen. Je hebt nog { $left } pogingen.
    }
question-first-manager = Wat is de achternaam van je eerste leidinggevende?
question-first-street = In welke straat woonde je als klein kind?
question-first-concert = Wat was het eerste concert waar je heen ging?
question-childhood-friend = Hoe heet je beste vriend of vriendin van vroeger?
question-first-school-city = In welke plaats stond je eerste school?
question-parents-met = In welke plaats leerden je ouders elkaar kennen?
question-childhood-nickname = Welke bijnaam had je als kind?
question-first-job-city = In welke plaats had je je eerste baan?
question-oldest-cousin = Wat is de voornaam van je oudste neef of nicht?
question-first-teacher = Wat is de achternaam van je eerste leraar of lerares?
question-childhood-toy = Wat was je lievelingsspeelgoed als kind?
question-grandmother-street = In welke straat woonde je oma?

password-heading = Kies een nieuw wachtwoord
password-account = Voor het account
new-password-label = Nieuw wachtwoord
confirm-password-label = Bevestig nieuw wachtwoord
password-button = Stel het nieuwe wachtwoord in
show-button = Tonen
hide-button = Verbergen
passwords-match = Beide zijn gelijk.
passwords-differ-yet = Ze zijn nog niet gelijk.
rules-title = Je nieuwe wachtwoord heeft nodig:
rule-met = in orde
rule-unmet = nog niet in orde
rule-min-length = Ten minste { $min } tekens
rule-max-length = Hoogstens { $max } tekens
rule-classes = Ten minste { $min } van deze 4: kleine letter, hoofdletter, cijfer, symbool
rule-no-control-characters = Geen tabs of regeleinden
rule-printable-ascii = Alleen de letters a tot z, cijfers, spaties en de symbolen van een Engels toetsenbord
rule-no-names = Niet je naam, je gebruikersnaam of de naam van je organisatie
rule-not-banned = Niet gemaakt van woorden die iedereen als eerste probeert
rule-not-reused =
    { $last ->
        [one] Niet het wachtwoord dat je het laatst had
       *[other] Niet een van de { $last } wachtwoorden die je het laatst had
    }
rule-not-breached = Niet bekend uit een datalek
rule-min-age =
    { $days ->
        [one] Je huidige wachtwoord moet { $days } dag oud zijn
       *[other] Je huidige wachtwoord moet { $days } dagen oud zijn
    }
violation-too-short = Gebruik ten minste { $min } tekens. Dit heeft er { $actual }.
violation-too-long = Gebruik hoogstens { $max } tekens. Dit heeft er { $actual }.
violation-too-few-classes = Gebruik ten minste { $min } van kleine letters, hoofdletters, cijfers en symbolen. Dit heeft er { $actual }.
violation-control-character = Laat tabs en regeleinden weg. Die komen vaak mee met plakken.
violation-not-printable-ascii = Gebruik alleen de letters a tot z, cijfers, spaties en de symbolen van een Engels toetsenbord.
violation-given-name = Laat je voornaam weg.
violation-family-name = Laat je achternaam weg.
violation-user-id = Laat je gebruikersnaam weg.
violation-tenant-name = Laat de naam van je organisatie weg.
violation-banned = Dit is makkelijk te raden. Gebruik minder gewone woorden, of voeg iets eigens toe.
violation-reused = Dit heb je al eerder gehad. Kies een ander.
violation-breached = Dit is bekend uit een datalek. Kies een ander en verander het overal waar je het gebruikt.
violation-too-recent = Je wachtwoord kan weer worden veranderd vanaf { $until }.
error-passwords-differ = De twee wachtwoorden zijn niet gelijk. Typ beide opnieuw.
error-password-form = Typ het nieuwe wachtwoord in beide velden.

done-heading = Je wachtwoord is opnieuw ingesteld
done-works = Het nieuwe wachtwoord werkt vanaf nu, overal waar je dit account gebruikt.
done-sessions = Je bent overal afgemeld. Meld je opnieuw aan met het nieuwe wachtwoord.
done-told = We hebben je bericht gestuurd op:
failed-heading = Je kunt dit wachtwoord hier niet opnieuw instellen
failed-code = Code
reason-turned-off = Wachtwoorden opnieuw instellen staat uit voor je organisatie.
reason-no-methods = Je organisatie heeft geen manier ingesteld om te bewijzen wie je bent.
reason-not-in-group = Wachtwoorden opnieuw instellen staat niet aan voor je account.
reason-not-licensed = Het abonnement van je organisatie geldt niet voor je account.
reason-on-premises = Je wachtwoord staat in de eigen directory van je organisatie en kan van hieruit niet worden veranderd.
reason-too-few-methods = Er zijn te weinig manieren bekend om te bewijzen dat jij het bent.
reason-directory-away = De directory van je organisatie is nu niet bereikbaar.
reason-directory-fault = De directory van je organisatie weigerde de verbinding.
reason-disabled = Dit account is uitgeschakeld.
cure-ask = Je beheerder kan dat oplossen. Geef de code en de referentie door.
cure-methods = Vraag je beheerder om een telefoonnummer of een ander e-mailadres aan je account toe te voegen. Geef de code en de referentie door.
cure-later = Probeer het straks opnieuw. Blijft het zo, geef dan je beheerder de code en de referentie.
unknown-heading = We kennen deze gebruikersnaam niet
unknown-what = Kijk hoe je hem hebt gespeld. Hij eindigt vaak op de naam van je organisatie, zoals @contoso.com.
unknown-next = Probeer een andere gebruikersnaam
blocked-heading = Te veel pogingen
blocked-all = Om het account te beschermen kan het wachtwoord een tijdje niet opnieuw worden ingesteld.
blocked-password = Je wachtwoord is niet veranderd. Als je het nog weet, werkt het gewoon.
blocked-method = Om het account te beschermen is deze manier een tijdje gestopt: { $method }.
blocked-other = Begin opnieuw om een andere manier te gebruiken, of neem contact op met je beheerder.
blocked-until = Probeer het weer vanaf
canceled-heading = Je hebt geannuleerd
canceled-what = Er is niets veranderd. Je huidige wachtwoord werkt nog.
contacted-heading = Je beheerders is om hulp gevraagd
contacted-what = Als je account zo geholpen kan worden, hebben ze een e-mail met je gebruikersnaam en deze referentie.
contacted-next = Ze nemen contact met je op. Niemand van de IT-afdeling vraagt ooit om een code of een wachtwoord.
expired-heading = Dit is afgelopen
expired-what = De tijd was om, of het account is intussen veranderd. Je wachtwoord is niet veranderd.

help-heading = Contact opnemen met je beheerder?
help-lead = We sturen je beheerders een e-mail met je gebruikersnaam en een referentie. Ze nemen contact met je op.
help-ends = Dit stopt wat je nu doet. Je kunt altijd opnieuw beginnen.
help-button = Stuur ze een e-mail
help-lead-link = Je organisatie heeft een eigen pagina of adres voor hulp met wachtwoorden.
help-open = Hulp krijgen
help-lead-first = Typ eerst je gebruikersnaam, zodat we weten wie je beheerders zijn. Daarna kun je op elke pagina om hulp vragen.

not-me-heading = Dit was ik niet
not-me-lead = Heeft iemand anders je wachtwoord opnieuw ingesteld? Bekijk het hier en vergrendel het account.
not-me-code-label = Code uit het bericht
not-me-code-hint = Hij werkt een keer, drie dagen lang. Kwam je via de link, dan staat hij er al.
not-me-refused = Deze code klopt niet, is gebruikt, of de tijd is om. Neem nu contact op met je beheerder als iemand anders je wachtwoord heeft veranderd.
not-me-confirm-heading = Dit account vergrendelen?
not-me-confirm-what = Dit vergrendelt het account, beëindigt alle sessies en waarschuwt je beheerders. Je hebt ze nodig om weer binnen te komen.
not-me-when = Wachtwoord opnieuw ingesteld
not-me-when-change = Wachtwoord gewijzigd
not-me-when-info = Beveiligingsgegevens gewijzigd
not-me-button = Dit was ik niet: vergrendel het account
not-me-done-heading = Het account is vergrendeld
not-me-done-what = Alle sessies zijn beëindigd en niemand kan het wachtwoord zelf opnieuw instellen.
not-me-done-next = Je beheerders weten het. Praat met ze om weer binnen te komen.

problem-host = Dit adres is hier niet bekend
problem-host-what = Gebruik het adres dat je van je organisatie kreeg.
problem-request = Dat was niet te begrijpen
problem-request-what = Je browser stuurde iets dat deze pagina niet kent. Er is niets gedaan. Ga terug, laad de pagina opnieuw en probeer het nog eens.
problem-characters-what = Er zaten onzichtbare tekens in, die komen vaak mee met plakken. Ga terug en typ het met de hand.
problem-origin-what = Het formulier kwam van een andere website, dus er is niets gedaan. Open de pagina van deze site.
problem-conflict-what = Het is intussen veranderd. Er is niets gedaan. Laad de pagina opnieuw.
problem-not-a-form-what = Wat is gestuurd is geen formulier. Gebruik de pagina's van deze site.
problem-not-found = Hier is niets
problem-not-found-what = Kijk naar het adres, of begin bij het begin.
problem-method-what = Dit adres kan zo niet worden geopend. Begin bij het begin.
problem-too-large = Dat was te lang
problem-too-large-what = Er is niets gedaan. Ga terug en typ minder.
problem-busy = Nu te druk
problem-busy-what = Er is niets verloren. Wacht een paar seconden en laad de pagina opnieuw.
problem-away-what = Een deel van de dienst antwoordt niet. Wacht een minuut en laad de pagina opnieuw.
problem-internal = Dat is onze fout, sorry
problem-internal-what = Er ging bij ons iets stuk. Probeer het opnieuw. Blijft het zo, geef je beheerder dan deze referentie.
