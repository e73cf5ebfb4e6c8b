# Portalerna: återställning, det var inte jag, och sidor för problem.

skip-to-content = Hoppa till innehållet
ways-out-label = Hjälp och avbryt
languages-label = Språk
help-link = Kontakta din administratör
cancel-button = Avbryt
next-button = Nästa
back-button = Tillbaka
start-again = Börja om
title-error = Fel: { $title }
alert-title = Något stämmer inte
progress-first = Steg 1: vem du är
progress = Steg { $step } av { $steps }: { $name }
step-prove = visa att det är du
step-password = ett nytt lösenord
time-left = Du har { $duration } på dig.
reference = Supportreferens

start-heading = Återställ ditt lösenord
start-lead = Berätta vem du är. Sedan visar du att det stämmer och väljer ett nytt lösenord.
user-id-label = Användar-ID
user-id-hint = Ofta din e-postadress på jobbet, till exempel ada@contoso.com.
work-busy = Ett ögonblick: din webbläsare gör en kort kontroll.
error-user-id = Skriv ditt användar-ID, till exempel ada@contoso.com.
error-check-failed = Kontrollen att du inte är ett program gick inte igenom. Sidan har en ny: försök igen.
error-too-fast = Det gick fortare än en människa skriver. Vänta några sekunder och välj sedan Nästa.
error-busy = Det kommer för många förfrågningar från ditt nätverk just nu. Försök igen om { $duration }.
notice-gone = Börja här. Ingen återställning pågick i den här webbläsaren, eller så var tiden ute.
notice-start-out-of-date = Sidan var inaktuell. Den här är ny: välj Nästa.
no-cookies-title = Din webbläsare tar inte emot kakor
no-cookies-what = En kaka håller återställningen i den här webbläsaren, så att ingen annan kan slutföra den.
no-cookies-next = Tillåt kakor för den här sidan, eller använd en annan webbläsare, och välj sedan Nästa.

verify-heading = Hur vill du visa att det är du?
verify-lead = Välj det du har till hands.
verify-lead-passkey = Välj något du har till hands. Om din passkey finns på den här enheten är det snabbast och säkrast.
verify-lead-next = Det första stämde. Välj ett sätt till, av ett annat slag.
verify-legend = Sätt att visa att det är du
error-choose = Välj ett av sätten nedan.
gate-email = Kod via e-post
gate-email-detail = Vi skickar en kod till din andra e-postadress.
gate-sms = Kod via sms
gate-sms-detail = Du skriver ditt mobilnummer, vi skickar en kod dit.
gate-mobile-call = Samtal till din mobil
gate-mobile-call-detail = Du skriver ditt mobilnummer, vi ringer och läser upp en kod.
gate-office-call = Samtal till din jobbtelefon
gate-office-call-detail = Du skriver ditt nummer på jobbet, vi ringer och läser upp en kod.
gate-questions = Säkerhetsfrågor
gate-questions-detail = Du svarar på frågor som du valt tidigare.
gate-authenticator-code = Kod från din autentiseringsapp
gate-authenticator-code-detail = Du skriver koden som appen visar.
gate-authenticator-push = Godkänn i din autentiseringsapp
gate-authenticator-push-detail = Du godkänner en förfrågan som appen visar.
gate-passkey = Passkey
gate-passkey-detail = Bäst om du har den på den här enheten: ditt fingeravtryck, ansikte eller din pinkod, eller en säkerhetsnyckel.
gate-recovery-code = Återställningskod
gate-recovery-code-detail = Du skriver en av koderna som du sparat.
gate-helpdesk-code = Kod från supporten
gate-helpdesk-code-detail = Du skriver koden som du fått av supporten.
other-button = Välj ett annat sätt

number-heading-mobile = Vad har du för mobilnummer?
number-heading-office = Vad har du för nummer på jobbet?
number-lead-text = Skriv hela numret. Om det är det vi känner till skickar vi en kod dit.
number-lead-call = Skriv hela numret. Om det är det vi känner till ringer vi upp och läser en kod.
number-on-file = Numret vi känner till:
number-label = Telefonnummer
number-hint = Börja med landskoden, till exempel
number-button-text = Skicka koden
number-button-call = Ring mig
error-number-form = Skriv hela numret med landskod, till exempel +46 70 123 45 67.
error-number =
    { $left ->
        [one] Det är inte numret vi känner till. Du har { $left } försök kvar.
       *[other] Det är inte numret vi känner till. Du har { $left } försök kvar.
    }

code-label = Kod
code-heading-email = Vilken kod står i mejlet?
code-heading-text = Vilken kod står i sms:et?
code-heading-call = Vilken kod hörde du i samtalet?
code-heading-authenticator = Vilken kod visar din app?
code-lead-email = Vi har skickat en kod med { $digits } siffror till din andra e-postadress.
code-lead-email-to = Vi har skickat en kod med { $digits } siffror till
code-lead-text = Vi har skickat en kod med { $digits } siffror till din mobil.
code-lead-text-to = Vi har skickat en kod med { $digits } siffror till
code-lead-call = Vi ringer dig och läser upp en kod med { $digits } siffror.
code-lead-call-to = Vi läser upp en kod med { $digits } siffror i ett samtal till
code-lead-authenticator = Öppna din autentiseringsapp och leta upp { $tenant }.
code-hint = Den kommer från { $tenant } och gäller i 10 minuter. Mellanslag spelar ingen roll.
code-hint-authenticator = Den har 6 siffror och byts var 30:e sekund. Mellanslag spelar ingen roll.
code-never-share = Ingen från it-avdelningen frågar någonsin efter koden. Ge den inte till någon.
code-not-there = Ingen kod än?
code-not-there-hint = Det kan ta en minut. En ny kod gör den gamla ogiltig.
again-button = Försök igen: skicka en ny kod
again-button-call = Försök igen: ring mig en gång till
error-code-form = Skriv kodens { $digits } siffror.
error-code =
    { $left ->
        [one] Koden stämmer inte. Du har { $left } försök kvar. Koder kommer från { $tenant } och gäller i 10 minuter.
       *[other] Koden stämmer inte. Du har { $left } försök kvar. Koder kommer från { $tenant } och gäller i 10 minuter.
    }
error-authenticator =
    { $left ->
        [one] Koden stämmer inte. Du har { $left } försök kvar. Vänta på en ny kod i appen och se efter att telefonens klocka går rätt.
       *[other] Koden stämmer inte. Du har { $left } försök kvar. Vänta på en ny kod i appen och se efter att telefonens klocka går rätt.
    }
notice-sent-again = En ny kod är på väg. Den gamla fungerar inte längre.
notice-too-soon = Vänta tills det gått tio sekunder sedan förra koden, och be sedan om en ny.
notice-out-of-date = Sidan var inaktuell och inget gjordes. Här är du nu.
notice-too-late = Återställningen var redan avslutad när det här formuläret kom in, så det ändrade inget. Så här slutade den.
notice-too-late-done = Lösenordet var redan återställt när det här formuläret kom in, så det ändrade inget. Det lösenord som sattes först är det som gäller.
notice-no-messages-title = Inga fler sms och samtal just nu
notice-no-messages = Välj ett annat sätt, eller försök igen om en timme.

reset-passkey-heading = Använd din passkey
reset-passkey-lead = Din enhet eller säkerhetsnyckel frågar efter ditt fingeravtryck, ansikte eller din pinkod. De stannar där, och du skriver ingenting här.
reset-passkey-button = Använd en passkey
error-reset-passkey =
    { $left ->
        [one] Din passkey godtogs inte för användar-ID:t som du skrev. Du har { $left } försök kvar. Tryck på knappen och välj kontots passkey, eller välj ett annat sätt.
       *[other] Din passkey godtogs inte för användar-ID:t som du skrev. Du har { $left } försök kvar. Tryck på knappen och välj kontots passkey, eller välj ett annat sätt.
    }
error-reset-passkey-late = Det tog längre än 5 minuter. Det räknas inte som ett försök: tryck på knappen igen.
error-reset-passkey-form = Din enhet skickade ingen passkey. Tryck på knappen och gör som enheten säger, eller välj ett annat sätt.

recovery-code-heading = Vilken återställningskod har du?
recovery-code-lead = Du fick koderna när du ställde in dina säkerhetsuppgifter. Varje kod fungerar en gång.
recovery-code-hint = Den har 24 bokstäver och siffror. Stora bokstäver, mellanslag och bindestreck spelar ingen roll.
error-recovery-code-form = Skriv hela koden: 24 bokstäver och siffror.
error-recovery-code =
    { $left ->
        [one] Koden stämmer inte, eller har redan använts. Du har { $left } försök kvar. Kontrollera den tecken för tecken, eller använd en annan kod på din lista.
       *[other] Koden stämmer inte, eller har redan använts. Du har { $left } försök kvar. Kontrollera den tecken för tecken, eller använd en annan kod på din lista.
    }

questions-heading = Svara på dina säkerhetsfrågor
questions-lead = Alla svar måste stämma. Stora bokstäver och extra mellanslag spelar ingen roll.
error-answers-form = Svara på alla frågor.
error-answers =
    { $left ->
        [one] Alla svar stämmer inte. Här är andra frågor. Du har { $left } försök kvar.
       *[other] Alla svar stämmer inte. Här är andra frågor. Du har { $left } försök kvar.
    }
question-first-manager = Vad heter din första chef i efternamn?
question-first-street = Vilken gata bodde du på som litet barn?
question-first-concert = Vilken var den första konserten du gick på?
question-childhood-friend = Vad heter din bästa vän från barndomen?
question-first-school-city = I vilken stad låg din första skola?
question-parents-met = I vilken stad träffades dina föräldrar?
question-childhood-nickname = Vilket smeknamn hade du som barn?
question-first-job-city = I vilken stad hade du ditt första jobb?
question-oldest-cousin = Vad heter din äldsta kusin i förnamn?
question-first-teacher = Vad heter din första lärare i efternamn?
question-childhood-toy = Vilken var din favoritleksak som barn?
question-grandmother-street = Vilken gata bodde din mormor eller farmor på?

password-heading = Välj ett nytt lösenord
password-account = För kontot
new-password-label = Nytt lösenord
confirm-password-label = Bekräfta nytt lösenord
password-button = Spara det nya lösenordet
show-button = Visa
hide-button = Dölj
passwords-match = Båda är lika.
passwords-differ-yet = De är inte lika än.
rules-title = Ditt nya lösenord ska ha:
rule-met = uppfyllt
rule-unmet = inte uppfyllt än
rule-min-length = Minst { $min } tecken
rule-max-length = Högst { $max } tecken
rule-classes = Minst { $min } av dessa 4: liten bokstav, stor bokstav, siffra, symbol
rule-no-control-characters = Inga tabbar eller radslut
rule-printable-ascii = Bara bokstäverna a till z, siffror, mellanslag och symbolerna på ett engelskt tangentbord
rule-no-names = Inte ditt namn, ditt användar-ID eller organisationens namn
rule-not-banned = Inte gjort av ord som alla provar först
rule-not-reused =
    { $last ->
        [one] Inte det lösenord du hade senast
       *[other] Inte något av de { $last } lösenord du hade senast
    }
rule-not-breached = Inte känt från en dataläcka
rule-min-age =
    { $days ->
        [one] Ditt nuvarande lösenord måste vara { $days } dag gammalt
       *[other] Ditt nuvarande lösenord måste vara { $days } dagar gammalt
    }
violation-too-short = Använd minst { $min } tecken. Det här har { $actual }.
violation-too-long = Använd högst { $max } tecken. Det här har { $actual }.
violation-too-few-classes = Blanda minst { $min } av små bokstäver, stora bokstäver, siffror och symboler. Det här har { $actual }.
violation-control-character = Ta bort tabbar och radslut. De följer ofta med när man klistrar in.
violation-not-printable-ascii = Använd bara bokstäverna a till z, siffror, mellanslag och symbolerna på ett engelskt tangentbord.
violation-given-name = Ta bort ditt förnamn.
violation-family-name = Ta bort ditt efternamn.
violation-user-id = Ta bort ditt användar-ID.
violation-tenant-name = Ta bort organisationens namn.
violation-banned = Det här är lätt att gissa. Använd färre vanliga ord, eller lägg till något eget.
violation-reused = Du har haft det här förut. Välj ett annat.
violation-breached = Det här är känt från en dataläcka. Välj ett annat, och byt det överallt där du använder det.
violation-too-recent = Ditt lösenord kan ändras igen från { $until }.
error-passwords-differ = De två lösenorden är inte lika. Skriv båda igen.
error-password-form = Skriv det nya lösenordet i båda fälten.

done-heading = Ditt lösenord är återställt
done-works = Det nya lösenordet gäller från och med nu, överallt där du använder kontot.
done-sessions = Du är utloggad överallt. Logga in igen med det nya lösenordet.
done-told = Vi har meddelat dig på:
failed-heading = Du kan inte återställa lösenordet här
failed-code = Kod
reason-turned-off = Återställning av lösenord är avstängd för din organisation.
reason-no-methods = Din organisation har inte lagt in något sätt att visa vem du är.
reason-not-in-group = Återställning av lösenord är inte påslagen för ditt konto.
reason-not-licensed = Din organisations avtal omfattar inte ditt konto.
reason-on-premises = Ditt lösenord finns i organisationens egen katalog och kan inte ändras härifrån.
reason-too-few-methods = Det finns för få inlagda sätt att visa att det är du.
reason-directory-away = Din organisations katalog går inte att nå just nu.
reason-directory-fault = Din organisations katalog avvisade anslutningen.
reason-disabled = Kontot är avstängt.
cure-ask = Din administratör kan rätta det. Ge administratören koden och supportreferensen.
cure-methods = Be din administratör att lägga till ett telefonnummer eller en annan e-postadress till ditt konto. Ge administratören koden och supportreferensen.
cure-later = Försök igen om en stund. Om det fortsätter, ge din administratör koden och supportreferensen.
unknown-heading = Vi känner inte till det användar-ID:t
unknown-what = Se efter hur det stavas. Det slutar ofta med organisationens namn, som @contoso.com.
unknown-next = Prova ett annat användar-ID
blocked-heading = För många försök
blocked-all = För att skydda kontot går lösenordet inte att återställa på ett tag.
blocked-password = Ditt lösenord är inte ändrat. Om du minns det fungerar det fortfarande.
blocked-method = För att skydda kontot är det här sättet stoppat ett tag: { $method }.
blocked-other = Börja om för att använda ett annat sätt, eller kontakta din administratör.
blocked-until = Försök igen från
canceled-heading = Du avbröt
canceled-what = Inget har ändrats. Ditt nuvarande lösenord fungerar fortfarande.
contacted-heading = Dina administratörer har fått frågan
contacted-what = Om ditt konto kan få hjälp så här har de fått ett mejl med ditt användar-ID och den här referensen.
contacted-next = De hör av sig till dig. Ingen från it-avdelningen frågar någonsin efter en kod eller ett lösenord.
expired-heading = Den här återställningen är slut
expired-what = Tiden var ute, eller så ändrades kontot under tiden. Ditt lösenord är inte ändrat.

help-heading = Vill du kontakta din administratör?
help-lead = Vi skickar ett mejl till dina administratörer med ditt användar-ID och en supportreferens. De hör av sig till dig.
help-ends = Det avslutar återställningen. Du kan börja om när du vill.
help-button = Skicka ett mejl till dem
help-lead-link = Din organisation har en egen sida eller adress för hjälp med lösenord.
help-open = Få hjälp
help-lead-first = Skriv först ditt användar-ID, så att vi vet vilka dina administratörer är. Sedan kan du be om hjälp på varje sida.

not-me-heading = Det var inte jag
not-me-lead = Har någon annan återställt ditt lösenord? Titta på det här och lås kontot.
not-me-code-label = Koden i meddelandet
not-me-code-hint = Den fungerar en gång, i tre dagar. Om du kom via länken står den redan här.
not-me-refused = Koden stämmer inte, är använd, eller så är tiden ute. Kontakta din administratör nu om någon annan har ändrat ditt lösenord.
not-me-confirm-heading = Vill du låsa kontot?
not-me-confirm-what = Det låser kontot, avslutar alla dess sessioner och meddelar dina administratörer. Du behöver dem för att komma in igen.
not-me-when = Lösenordet återställt
not-me-when-change = Lösenordet byttes
not-me-when-info = Säkerhetsuppgifter ändrade
not-me-button = Det var inte jag: lås kontot
not-me-done-heading = Kontot är låst
not-me-done-what = Alla dess sessioner är avslutade, och ingen kan själv återställa lösenordet.
not-me-done-next = Dina administratörer vet om det. Prata med dem för att komma in igen.

problem-host = Adressen är inte känd här
problem-host-what = Använd adressen som du fått av din organisation.
problem-request = Det gick inte att förstå
problem-request-what = Din webbläsare skickade något som sidan inte känner till. Inget gjordes. Gå tillbaka, ladda om sidan och försök igen.
problem-characters-what = Det fanns tecken som inte syns, de följer ofta med när man klistrar in. Gå tillbaka och skriv för hand.
problem-origin-what = Formuläret kom från en annan webbplats, så inget gjordes. Öppna sidan här i stället.
problem-conflict-what = Det ändrades under tiden. Inget gjordes. Ladda om sidan.
problem-not-a-form-what = Det som skickades är inget formulär. Använd sidorna här.
problem-not-found = Här finns inget
problem-not-found-what = Se efter adressen, eller börja från början.
problem-method-what = Adressen går inte att öppna så. Börja från början.
problem-too-large = Det var för långt
problem-too-large-what = Inget gjordes. Gå tillbaka och skriv mindre.
problem-busy = För mycket just nu
problem-busy-what = Inget gick förlorat. Vänta några sekunder och ladda om sidan.
problem-away-what = En del av tjänsten svarar inte. Vänta en minut och ladda om sidan.
problem-internal = Det är vårt fel, förlåt
problem-internal-what = Något gick sönder hos oss. Försök igen. Om det fortsätter, ge din administratör den här referensen.
