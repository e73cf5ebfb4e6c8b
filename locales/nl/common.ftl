# Datums, getallen en tijdsduren.

month-1 = januari
month-2 = februari
month-3 = maart
month-4 = april
month-5 = mei
month-6 = juni
month-7 = juli
month-8 = augustus
month-9 = september
month-10 = oktober
month-11 = november
month-12 = december

date-time = { $day } { $month } { $year } om { $time } UTC

duration-minutes =
    { $minutes ->
        [one] { $minutes } minuut
       *[other] { $minutes } minuten
    }
duration-hours =
    { $hours ->
        [one] { $hours } uur
       *[other] { $hours } uur
    }
