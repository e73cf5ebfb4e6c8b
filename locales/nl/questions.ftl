# Predefined security questions. Answers do not change and are in no profile.

question-first-manager = Wat was de achternaam van je eerste leidinggevende?
question-first-street = In welke straat woonde je toen je naar school ging?
question-first-concert = Van wie was het eerste concert waar je naartoe ging?
question-childhood-friend = Wat is de volledige naam van je beste jeugdvriend of jeugdvriendin?
question-first-school-city = In welke plaats stond je eerste school?
question-parents-met = In welke plaats hebben je ouders elkaar ontmoet?
question-childhood-nickname = Hoe noemde je familie je als kind?
question-first-job-city = In welke plaats was je eerste baan?
question-oldest-cousin = Wat is de voornaam van je oudste neef of nicht?
question-first-teacher = Wat was de achternaam van je eerste leraar of lerares?
question-childhood-toy = Hoe heette het speelgoed waarmee je als kind sliep?
question-grandmother-street = In welke straat woonde je oma?
