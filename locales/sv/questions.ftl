# Predefined security questions. Answers do not change and are in no profile.

question-first-manager = Vad hette din första chef i efternamn?
question-first-street = På vilken gata bodde du när du började skolan?
question-first-concert = Vems konsert var den första du gick på?
question-childhood-friend = Vad heter din bästa barndomsvän i för- och efternamn?
question-first-school-city = I vilken ort låg din första skola?
question-parents-met = I vilken ort träffades dina föräldrar?
question-childhood-nickname = Vad kallade din familj dig när du var barn?
question-first-job-city = I vilken ort hade du ditt första jobb?
question-oldest-cousin = Vad heter din äldsta kusin i förnamn?
question-first-teacher = Vad hette din första lärare i efternamn?
question-childhood-toy = Vad hette leksaken du sov med som barn?
question-grandmother-street = På vilken gata bodde din mormor eller farmor?
