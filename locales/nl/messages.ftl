# Berichten die worden verstuurd: mails, sms'jes, telefoontjes. Gewoon, kort, de naam van de organisatie eerst.

## Staat in elke mail die vertelt dat er iets is gebeurd

mail-when = Wanneer
mail-where = Vanaf
mail-reference = Referentie voor de helpdesk
mail-not-you-ask = Was jij dit niet? Vertel het dan nu aan je beheerder.

## De code voor een nieuw wachtwoord

never-ask-mail = Niemand van IT vraagt je ooit om deze code. Geef hem aan niemand.

mail-code-subject = { $tenant }: je code om je wachtwoord opnieuw in te stellen
mail-code-intro = Dit is de code om je wachtwoord opnieuw in te stellen:
mail-code-valid = De code is { $duration } geldig, alleen in de browser waarin je erom vroeg.
mail-code-not-you = Was jij dit niet? Dan hoef je niets te doen. Zonder deze code verandert er niets.

text-code = { $code } is je code voor een nieuw wachtwoord. Niemand van IT vraagt er ooit om.

call-code = Dit is { $tenant }. Je code om je wachtwoord opnieuw in te stellen is: { $digits }. Nog een keer, je code is: { $digits }. Niemand van IT vraagt je ooit om deze code. Was jij dit niet? Hang dan op. Er verandert niets.

## Een wachtwoord is opnieuw ingesteld

mail-reset-subject = { $tenant }: je wachtwoord is opnieuw ingesteld
mail-reset-intro = Het wachtwoord van { $user } is opnieuw ingesteld. Alle sessies zijn beëindigd.
mail-unlocked-subject = { $tenant }: je account is ontgrendeld
mail-unlocked-intro = Het account { $user } is ontgrendeld. Het wachtwoord is niet gewijzigd.
mail-reset-told = Ook bericht gestuurd aan
mail-reset-not-you = Was jij dit niet? Vergrendel het account dan nu:
mail-reset-link = Dit was ik niet
mail-reset-typed = Of open { $page } en typ deze code:
mail-reset-valid = De link en de code werken één keer, gedurende { $duration }. Er gebeurt niets tot je het bevestigt.

mail-admin-reset-subject = { $tenant }: het wachtwoord van een beheerder is opnieuw ingesteld
mail-admin-reset-intro = Beheerder { $user } heeft het eigen wachtwoord opnieuw ingesteld.
mail-admin-reset-check = Had je dit niet verwacht? Bel dan op een nummer dat je kent. Was het iemand anders, blokkeer het account dan meteen.

## Te veel mislukte pogingen

mail-blocked-subject = { $tenant }: je wachtwoord opnieuw instellen is tijdelijk geblokkeerd
mail-blocked-all = Er waren te veel mislukte pogingen om het wachtwoord van { $user } opnieuw in te stellen.
mail-blocked-method = Er waren te veel mislukte pogingen met een van de manieren om te laten zien wie je bent, bij het opnieuw instellen van het wachtwoord van { $user }.
mail-blocked-until = Geblokkeerd tot
mail-blocked-still = Je wachtwoord is niet veranderd en werkt nog steeds.

## Een herstelcode is gebruikt

mail-recovery-code-subject = { $tenant }: een van je herstelcodes is gebruikt
mail-recovery-code-intro = Iemand heeft een van je herstelcodes gebruikt om het wachtwoord van { $user } opnieuw in te stellen. Die code werkt niet meer.
mail-recovery-code-left =
    { $left ->
        [0] Je hebt geen herstelcodes meer. Maak nieuwe aan bij je beveiligingsgegevens.
        [one] Je hebt nog { $left } herstelcode. Maak nieuwe aan bij je beveiligingsgegevens.
       *[other] Je hebt nog { $left } herstelcodes.
    }
mail-recovery-code-not-you = Was jij dit niet? Dan heeft iemand anders je codes: vertel het nu aan je beheerder.

## Waarom het niet kan

mail-missing-subject = { $tenant }: waarom je je wachtwoord niet opnieuw kunt instellen
mail-missing-intro = Iemand wilde het wachtwoord van { $user } opnieuw instellen. Dat kan nu niet.
mail-missing-turned-off = In jouw organisatie staat het zelf instellen van een nieuw wachtwoord uit.
mail-missing-no-methods = Jouw organisatie heeft geen manier ingesteld om te laten zien wie je bent.
mail-missing-not-in-group = Voor jouw account staat het zelf instellen van een nieuw wachtwoord niet aan.
mail-missing-not-licensed = Het abonnement van jouw organisatie geldt niet voor jouw account.
mail-missing-on-premises = Je wachtwoord staat in de eigen directory van jouw organisatie en kan hier niet worden veranderd.
mail-missing-methods = Je hebt { $needed ->
        [one] { $needed } manier
       *[other] { $needed } manieren
    } nodig om te laten zien wie je bent, en je hebt er { $usable }.
mail-missing-directory = De directory van jouw organisatie is nu niet bereikbaar.
mail-missing-directory-fault = De directory van jouw organisatie weigerde de verbinding.
mail-missing-disabled = Je account is uitgeschakeld.
mail-missing-mend-admin = Je beheerder kan dat oplossen. Geef de referentie door.
mail-missing-mend-methods = Vraag je beheerder om een telefoonnummer of een ander e-mailadres aan je account toe te voegen.
mail-missing-mend-later = Probeer het later opnieuw. Blijft het zo? Vertel het dan aan je beheerder.

## Iemand vraagt om hulp

mail-help-subject = { $tenant }: { $user } heeft hulp nodig met het wachtwoord
mail-help-intro = { $user } kan het wachtwoord niet opnieuw instellen en vraagt om hulp.
mail-help-check = Ga eerst na of het echt deze persoon is: bel op een nummer dat je kent.
mail-help-link = Stel het wachtwoord in het beheerdersportaal opnieuw in

## Dit was ik niet

mail-frozen-admin-subject = { $tenant }: { $user } heeft het wachtwoord niet opnieuw ingesteld
mail-frozen-admin-intro = { $user } meldt dat iemand anders het wachtwoord opnieuw heeft ingesteld. We hebben het account vergrendeld: niemand kan zich er nog mee aanmelden of het wachtwoord opnieuw instellen, en alle sessies zijn beëindigd.
mail-frozen-admin-check = Ga samen na wat er is gebeurd. Geef daarna een nieuw wachtwoord en ontgrendel het account.
mail-frozen-admin-link = Open het account in het beheerdersportaal

mail-frozen-user-subject = { $tenant }: je account is vergrendeld
mail-frozen-user-intro = Je hebt gemeld dat jij het wachtwoord van { $user } niet opnieuw hebt ingesteld. We hebben het account vergrendeld: niemand kan zich er nog mee aanmelden, ook jij niet, en alle sessies zijn beëindigd.
mail-frozen-user-next = Je beheerders weten ervan. Neem contact met ze op om er weer in te komen.
mail-frozen-user-not-you = Heb jij dit niet gemeld? Vertel het dan ook aan je beheerders.

## Geld

mail-spend-subject = { $tenant }: ongewoon veel sms'jes en telefoontjes
mail-spend-intro = Vandaag { $sent ->
        [one] is { $sent } sms of telefoontje
       *[other] zijn { $sent } sms'jes en telefoontjes
    } verstuurd. De grens voor een dag is { $limit }.
mail-spend-until = Geen nieuwe tot
mail-spend-still = Codes per e-mail werken nog steeds.
mail-spend-check = Had je dit niet verwacht? Kijk dan of er een nummer of een land uitspringt. Misschien verdient iemand eraan.
mail-spend-link = Open het beheerdersportaal

## Foute wachtwoorden vergrendelden een account

mail-locked-subject = { $tenant }: aanmelden bij je account is tijdelijk vergrendeld
mail-locked-intro = Er waren te veel mislukte pogingen om aan te melden als { $user }.
mail-locked-until = Vergrendeld tot
mail-locked-still = Je wachtwoord is niet veranderd. Stel het opnieuw in als je eerder naar binnen wilt.
mail-locked-not-you = Was jij het niet, dan is er niemand binnengekomen. Denk je dat iemand je wachtwoord kent, wijzig het dan en vertel het je beheerder.

## Het wachtwoord is gewijzigd

mail-changed-subject = { $tenant }: je wachtwoord is gewijzigd
mail-changed-intro = Het wachtwoord van { $user } is gewijzigd door iemand die het oude kende.

## Het wachtwoord verloopt

mail-expires-subject = { $days ->
        [one] { $tenant }: je wachtwoord verloopt over { $days } dag
       *[other] { $tenant }: je wachtwoord verloopt over { $days } dagen
    }
mail-expires-intro = { $days ->
        [one] Het wachtwoord van { $user } verloopt over { $days } dag.
       *[other] Het wachtwoord van { $user } verloopt over { $days } dagen.
    }
mail-expires-when = Het werkt tot
mail-expires-what = Wijzig het voor die tijd. Je hebt het wachtwoord nodig dat je nu hebt.
mail-expires-link = Het wachtwoord wijzigen

## A code to register an address or a number

mail-register-subject = { $tenant }: je code om dit adres te registreren
mail-register-intro = Dit is de code om dit adres te registreren, waarmee je later je wachtwoord opnieuw kunt instellen:
mail-register-not-you = Was jij dit niet? Dan hoef je niets te doen. Zonder deze code wordt het adres niet geregistreerd.

# One text message of 160 letters holds this, the tenant's name before it and a line with the address.
text-register = { $code } is je code om dit nummer te registreren. Niemand van IT vraagt er ooit om.

text-number-changed = Dit nummer is van je account verwijderd. Was jij dat niet? Neem dan meteen contact op met je beheerder.

call-register = Dit is { $tenant }. Je code om dit telefoonnummer te registreren is: { $digits }. Nog een keer, je code is: { $digits }. Niemand van IT vraagt je ooit om deze code. Was jij dit niet? Hang dan op. Er verandert niets.

## Security info was changed

mail-info-subject = { $tenant }: je beveiligingsgegevens zijn gewijzigd
mail-info-intro = De manieren waarop { $user } kan laten zien wie het is, zijn gewijzigd.
mail-info-added = Toegevoegd
mail-info-replaced = Vervangen
mail-info-removed = Verwijderd
mail-info-email = e-mailadres
mail-info-phone = telefoonnummer
mail-info-questions = beveiligingsvragen
mail-info-authenticator = verificatie-app
mail-info-passkey = passkey
mail-info-recovery-codes = herstelcodes
