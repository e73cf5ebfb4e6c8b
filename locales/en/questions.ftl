# Predefined security questions. Answers do not change and are in no profile.

question-first-manager = What was the family name of your first manager?
question-first-street = In which street did you live when you started school?
question-first-concert = Whose concert was the first you went to?
question-childhood-friend = What is the full name of your best friend from childhood?
question-first-school-city = In which town was your first school?
question-parents-met = In which town did your parents meet?
question-childhood-nickname = What did your family call you as a child?
question-first-job-city = In which town was your first job?
question-oldest-cousin = What is the first name of your oldest cousin?
question-first-teacher = What was the family name of your first teacher?
question-childhood-toy = What was the name of the toy you slept with as a child?
question-grandmother-street = In which street did your grandmother live?
